/** A PodDisruptionBudget of the Kubernetes API. */

import type { PartialObject } from "./metadata.ts";

/** A PodDisruptionBudget in the API; the fields used here. */
export interface DisruptionBudgetObject extends PartialObject {
  readonly spec: {
    readonly selector?: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly matchExpressions?: readonly object[];
    };
  };
}
