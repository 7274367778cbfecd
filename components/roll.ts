/** How long a roll of a track may take. Pure. */
import { defaults } from "./defaults.ts";
import { podsOf } from "./pod-amount.ts";
import { type Container, initContainersOf } from "./release.ts";
import type { ServiceArgs } from "./service-args.ts";

/**
 * The timeout of a complete roll of a track, in seconds. It adds up the time to become and stay ready for each round of
 * `maxSurge` pods, and the progress deadline once. Kubernetes restarts the progress deadline with each pod, so Kubernetes
 * reports a stuck roll as failed before this timeout.
 *
 * @param measured seconds from creation to ready that live pods needed. @default none is known
 * @example rollSeconds(args, 9, 5) // 9 rounds of 30 s + 30 s, and 600 s: 1140 with the defaults
 */
export function rollSeconds(args: ServiceArgs, replicas: number, measured?: number): number {
  const {
    minReadySeconds = defaults.minReadySeconds,
    maxSurge = defaults.maxSurge,
    progressDeadlineSeconds = defaults.progressDeadlineSeconds,
  } = args;
  const rounds = Math.ceil(replicas / Math.max(1, podsOf(maxSurge, replicas, Math.ceil)));
  return rounds * (minReadySeconds + startSecondsOf(args, measured)) + progressDeadlineSeconds;
}

/**
 * Seconds that a pod may need from its creation to ready: the argument `startSeconds`; without it the longest of what its startup probes
 * allow and twice the measured time, but never longer than Kubernetes waits for a pod (progressDeadlineSeconds).
 */
function startSecondsOf(args: ServiceArgs, measured: number | undefined): number {
  const { startSeconds, progressDeadlineSeconds = defaults.progressDeadlineSeconds } = args;
  if (startSeconds !== undefined) return startSeconds;
  const { least, unknown } = defaults.startSeconds;
  // Steps of 30 s, so that the timeout in the state does not change with each run.
  const expected = measured === undefined ? unknown : Math.max(least, Math.ceil((2 * measured) / 30) * 30);
  // Native sidecars start one after another, then the containers side by side (KEP-753).
  const before = initContainersOf(args).reduce((sum, container) => sum + probeSecondsOf(container), 0);
  const probed = before + Math.max(...args.containers.map(probeSecondsOf));
  return Math.min(progressDeadlineSeconds, Math.max(expected, probed));
}

/** Seconds that the probes of a container allow it to start in (core/v1 Probe). */
function probeSecondsOf({ startupProbe, readinessProbe }: Container): number {
  const startup = startupProbe
    ? (startupProbe.initialDelaySeconds ?? 0) +
      (startupProbe.periodSeconds ?? 10) * (startupProbe.failureThreshold ?? 3)
    : 0;
  return startup + (readinessProbe?.initialDelaySeconds ?? 0);
}
