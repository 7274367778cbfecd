/** A PodDisruptionBudget of the Kubernetes API. */

import type { LabelSelector } from "../../components/label-selector.ts";
import type { PodAmount } from "../../components/pod-amount.ts";
import type { PartialObject } from "./metadata.ts";

/** A PodDisruptionBudget in the API; the fields used here. */
export interface DisruptionBudgetObject extends PartialObject {
  readonly spec: {
    readonly maxUnavailable?: PodAmount;
    readonly minAvailable?: PodAmount;
    readonly unhealthyPodEvictionPolicy?: "IfHealthyBudget" | "AlwaysAllow";
    readonly selector?: LabelSelector;
  };
}
