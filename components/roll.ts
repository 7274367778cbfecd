import { defaults } from "./defaults.ts";
import type { ServiceArgs } from "./service-args.ts";

/**
 * The longest time that a whole roll of a track may take, in seconds: for each round of `maxSurge` pods the time to become
 * ready and to stay so, and the progress deadline once. Kubernetes starts that deadline anew with each pod, so a roll that
 * hangs at any pod is called failed by Kubernetes first.
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
