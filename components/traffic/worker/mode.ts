/** No traffic: the pods of a worker take their work themselves, from a queue or a stream. */
import type { TrafficMode } from "../mode.ts";
import { replicasMode } from "../replicas/mode.ts";

/**
 * Splits the work of a worker by number of pods, which share it evenly as far as their queue does. Nothing stands before the pods, so
 * canary without work is canary without pods: that is weight 0, as after a cutoff.
 *
 * @param acceptShare accept the share that whole pods can reach, even if it is far from the weight. @default false
 * @example workerMode().plan(0, 9, { app: "mailer" }).canaryReplicas // 0
 */
export function workerMode(acceptShare = false): TrafficMode {
  const byPods = replicasMode(acceptShare, "work");
  return {
    ...byPods,
    hasService: false,
    plan(weight, stableReplicas, labels, current) {
      if (weight === 0) return { weight, canaryReplicas: 0, share: 0 };
      const { selector: _, ...traffic } = byPods.plan(weight, stableReplicas, labels, current);
      return traffic;
    },
    objects() {
      return { trackServices: [], routes: [], rules: [] };
    },
  };
}
