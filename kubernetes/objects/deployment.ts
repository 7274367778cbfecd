/** A Deployment of the Kubernetes API. */

import type { PodAmount } from "../../components/pod-amount.ts";
import type { PodSpec } from "../../components/release.ts";
import type { FieldOwner, Metadata } from "./metadata.ts";

/** A Deployment in the API; the fields used here. */
export interface DeploymentObject {
  readonly metadata: Metadata & { readonly managedFields?: readonly FieldOwner[] };
  readonly spec: {
    readonly replicas: number;
    readonly progressDeadlineSeconds?: number;
    readonly minReadySeconds?: number;
    readonly revisionHistoryLimit?: number;
    readonly paused?: boolean;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: PodAmount; readonly maxUnavailable?: PodAmount };
    };
    readonly selector: {
      readonly matchLabels?: Record<string, string>;
      readonly matchExpressions?: readonly object[];
    };
    readonly template: {
      readonly metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
      readonly spec: PodSpec;
    };
  };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}
