/** Traffic by number of pods. */
import { percent } from "../../traffic.ts";
import { UserError } from "../../user-error.ts";
import type { TrafficMode } from "../mode.ts";
import { steadyPods } from "../steady-pods.ts";

/** The maximum ratio of the actual share to the weight. A larger one needs `acceptShare`. */
const shareTolerance = 1.5;

/** Whether the share that whole pods reach is too far above the weight. @example isFarFrom(10, 50) // true */
export function isFarFrom(weight: number, share: number): boolean {
  return share > shareTolerance * weight;
}

/**
 * Splits traffic by the number of pods. The shared Service selects both tracks and distributes new connections evenly over
 * its endpoints. This mode needs only a Service. Its smallest step is one pod.
 *
 * @param acceptShare accept the share that whole pods can reach, even if it is far from the weight. @default false
 * @param shared what the pods share. @default "requests"
 * @example replicasMode().plan(10, 9, { app: "web" }).canaryReplicas // 1
 */
export function replicasMode(acceptShare = false, shared: TrafficMode["shared"] = "requests"): TrafficMode {
  return {
    hasService: true,
    shared,
    plan(weight, stableReplicas, labels, current) {
      if (weight === 0) return { weight, canaryReplicas: 1, selector: { ...labels, track: "stable" }, share: 0 };
      if (weight > 50) {
        throw new UserError(
          `weight is ${weight} and ${shared === "work" ? "work" : "traffic"} by number of pods supports at most 50: use a weight of at most 50, then promote the release to stable${shared === "work" ? "" : " for all users"}.`,
        );
      }
      const canaryReplicas = Math.max(1, steadyPods((weight * stableReplicas) / (100 - weight), "nearest", current));
      const share = (100 * canaryReplicas) / (canaryReplicas + stableReplicas);
      if (isFarFrom(weight, share) && !acceptShare) {
        throw new UserError(
          `weight is ${weight}, but 1 canary pod beside ${stableReplicas} stable pods gets ${percent(share)} of the ${shared}: set weight to ${Math.max(1, Math.round(share))}, raise replicas, or set acceptShare: true.`,
        );
      }
      return { weight, canaryReplicas, selector: labels, share };
    },
    objects() {
      return { trackServices: ["canary"], routes: [], rules: [] };
    },
  };
}
