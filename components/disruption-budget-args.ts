/** The arguments of the PodDisruptionBudgets of a service, and their validation. */
import * as v from "valibot";
import { deploymentSelector } from "./names.ts";
import { type PodAmount, podAmount } from "./pod-amount.ts";
import { checked, type Fault, keyed } from "./schema.ts";
import type { Track } from "./traffic.ts";

/**
 * How many pods of a track may be evicted at once, for example when a node is drained (policy/v1 PodDisruptionBudget). Each track gets a
 * budget of its own, which the stack of the track owns. One budget over both would let a drain evict all of canary, because stable's pods
 * satisfy it, and would block drains of stable's nodes while a bad canary is not ready. A roll does not count, so no budget blocks one.
 *
 * @example
 * ```ts
 * const disruptionBudget: DisruptionBudgetArgs = { maxUnavailable: "25%", unhealthyPodEvictionPolicy: "AlwaysAllow" };
 * ```
 */
export interface DisruptionBudgetArgs {
  /** Most pods of a track that may be missing, as a number or in percent of its pods. @default 1, unless minAvailable is set */
  readonly maxUnavailable?: PodAmount;
  /**
   * Least pods of stable that must stay, as a number or in percent, instead of `maxUnavailable`. Canary has few pods, often one, whose node
   * could never be drained then; so one pod of canary may be missing.
   * @default none
   */
  readonly minAvailable?: PodAmount;
  /** Whether pods that are not ready may always be evicted. @default IfHealthyBudget, as Kubernetes has it */
  readonly unhealthyPodEvictionPolicy?: "IfHealthyBudget" | "AlwaysAllow";
}

/** Validates {@link DisruptionBudgetArgs}. */
export const disruptionBudgetSchema = v.pipe(
  keyed(
    v.strictObject({
      maxUnavailable: v.optional(podAmount(0, 100)),
      minAvailable: v.optional(podAmount(0, 100)),
      unhealthyPodEvictionPolicy: v.optional(
        v.picklist(["IfHealthyBudget", "AlwaysAllow"], "must be IfHealthyBudget or AlwaysAllow"),
      ),
    }),
  ),
  checked(({ maxUnavailable, minAvailable }): Fault | undefined => {
    if (maxUnavailable === undefined || minAvailable === undefined) return undefined;
    return { at: ["minAvailable"], message: "maxUnavailable is set too, so remove one of them" };
  }),
);

/**
 * The spec of the PodDisruptionBudget of a track, as it is sent to the API server.
 *
 * @param selector the labels of the pods that it counts. @default those of the track's Deployment
 * @example budgetSpec("web", "canary", { minAvailable: 2 }).maxUnavailable // 1
 */
export function budgetSpec(
  service: string,
  track: Track,
  { maxUnavailable = 1, minAvailable, unhealthyPodEvictionPolicy }: DisruptionBudgetArgs = {},
  selector: Readonly<Record<string, string>> = deploymentSelector(service, track),
) {
  return {
    ...(minAvailable !== undefined && track === "stable" ? { minAvailable } : { maxUnavailable }),
    ...(unhealthyPodEvictionPolicy && { unhealthyPodEvictionPolicy }),
    selector: { matchLabels: selector },
  };
}
