/** The indicator of pod failures. */
import { sum } from "../count.ts";
import type { Indicator } from "../indicator.ts";
import type { PodTick } from "../tick.ts";

/** Pod failures per pod-second. @example stability(1 / 6).name // "stability" */
export function stability(alphaShare: number): Indicator {
  return {
    name: "stability",
    alphaShare,
    symptom: () => "restarts or loses its readiness",
    increments({ tick: { pods, seconds } }, arms) {
      const count = (releases: readonly string[]) =>
        pods
          .filter(({ release }) => releases.includes(release))
          .map((each) => ({ target: each.pod, events: podFailuresOf(each), exposure: seconds }));
      const stablePods = count(arms.stable);
      return new Map([["stability", { canary: sum(count([arms.canary])), stable: sum(stablePods), stablePods }]]);
    },
    excusedByWarmUp: false,
    ofRequests: false,
    ofPods: true,
    countsAlone: false,
    hasObjective: false,
  };
}

/**
 * The pod failures of a tick: restarts, lost readiness, and a pod that vanished.
 *
 * @example tick.pods.map(podFailuresOf) // the failures of each pod
 */
export function podFailuresOf({ restarts, lostReadiness, vanished }: PodTick): number {
  return restarts + (lostReadiness ? 1 : 0) + (vanished ? 1 : 0);
}
