/** A ReplicaSet of the Kubernetes API. */

import type { PodSpec } from "../../components/release.ts";
import type { DeploymentObject } from "./deployment.ts";
import type { Metadata } from "./metadata.ts";

/** A ReplicaSet in the API; the fields used here. */
export interface ReplicaSetObject {
  readonly metadata: Metadata & { readonly ownerReferences?: readonly { readonly uid: string }[] };
  readonly spec: { readonly replicas: number; readonly template?: { readonly spec: PodSpec } };
  readonly status: Pick<DeploymentObject["status"], "conditions">;
}
