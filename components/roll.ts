import { defaults } from "./defaults.ts";
import type { ServiceArgs } from "./service-args.ts";

/**
 * The timeout of a complete roll of a track, in seconds. It adds up the time to become and stay ready for each round of
 * `maxSurge` pods, and the progress deadline once. Kubernetes restarts the progress deadline with each pod, so Kubernetes
 * reports a stuck roll as failed before this timeout.
 *
 * @example rollSeconds(args, 9) // 9 rounds of 30 s + 30 s, and 600 s: 1140 with the defaults
 */
export function rollSeconds(args: ServiceArgs, replicas: number): number {
  const {
    minReadySeconds = defaults.minReadySeconds,
    maxSurge = defaults.maxSurge,
    progressDeadlineSeconds = defaults.progressDeadlineSeconds,
  } = args;
  const rounds = Math.ceil(replicas / maxSurge);
  return rounds * (minReadySeconds + defaults.startAllowanceSeconds) + progressDeadlineSeconds;
}
