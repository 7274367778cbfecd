/** A HorizontalPodAutoscaler of the Kubernetes API. */

import type { PartialObject } from "./metadata.ts";

/** A HorizontalPodAutoscaler in the API; the fields used here. */
export interface AutoscalerObject extends PartialObject {
  readonly spec: {
    readonly scaleTargetRef: { readonly kind: string; readonly name: string };
    readonly minReplicas?: number;
    readonly maxReplicas: number;
    readonly metrics?: readonly object[];
    readonly behavior?: object;
  };
}
