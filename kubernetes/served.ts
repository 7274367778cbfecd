/** Whether a cluster has a part of the Kubernetes API that is an addition to it. */

import { Unreachable } from "./api-error.ts";
import type { Cluster } from "./cluster.ts";
import { type Objects, typeOf } from "./resources.ts";

/**
 * Whether the cluster has the API of a kind, such as the Gateway API. The API server's list of groups decides, because for a group that it
 * does not have it answers a plain 404, as a proxy does.
 *
 * @throws Unreachable if the answer is not that list
 */
export async function isServed(api: Cluster, kind: keyof Objects): Promise<boolean> {
  interface ApiGroupList {
    readonly kind?: string;
    readonly groups?: { readonly versions: readonly { readonly groupVersion: string }[] }[];
  }
  const { apiVersion } = typeOf(kind);
  const found = await api.get<ApiGroupList>("/apis");
  if (found?.kind !== "APIGroupList" || !Array.isArray(found.groups)) {
    throw new Unreachable("The answer to GET /apis is no list of API groups: check for a proxy before the API server.");
  }
  return found.groups.some(({ versions }) => versions.some(({ groupVersion }) => groupVersion === apiVersion));
}
