/** Live workloads that cannot be adopted, because they are not Deployments. */

import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { clusterListPath, listPath } from "../kubernetes/resources.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";

/**
 * Looks for a StatefulSet or DaemonSet of a service's name. One that may not be read does not count.
 *
 * @param namespace undefined to look everywhere
 * @throws UserError if there is one
 */
export async function assertNoOtherWorkload(
  api: Cluster,
  service: string,
  namespace: string | undefined,
): Promise<void> {
  for (const kind of ["StatefulSet", "DaemonSet"] as const) {
    const path = namespace === undefined ? clusterListPath(kind) : listPath(kind, namespace);
    const live = await unlessForbidden(api.list(path), []);
    const found = live.find(({ metadata }) => metadata.name === service);
    if (found === undefined) continue;
    throw new UserError(
      `${kind} ${service} in namespace ${found.metadata.namespace} cannot be adopted, because gray release runs Deployments only: leave it to the tool that made it and roll it by its updateStrategy, or run its pods as a Deployment if they need no identity or disk of their own.`,
    );
  }
}
