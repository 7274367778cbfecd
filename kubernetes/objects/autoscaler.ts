/** A HorizontalPodAutoscaler of the Kubernetes API. */
import type { Metadata } from "./metadata.ts";

/** A HorizontalPodAutoscaler in the API; the fields used here. */
export interface AutoscalerObject {
  readonly metadata: Metadata;
  readonly spec: { readonly scaleTargetRef: { readonly kind: string; readonly name: string } };
}
