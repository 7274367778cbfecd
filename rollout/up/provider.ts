import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { Access } from "../cluster/kubeconfig.ts";

const providers = new Map<string, Provider>();

/**
 * The program's provider for a cluster, one whatever the number of services: each start costs it a download of the
 * API's schema. It is pinned to the cluster that the gate has looked at.
 *
 * @param cluster UID of the cluster
 */
export function providerFor(access: Access, cluster: string): Provider {
  const known = providers.get(cluster);
  if (known) return known;
  const provider = new Provider("cluster", {
    clusterIdentifier: cluster,
    ...(access.context !== undefined && { context: access.context }),
    ...(access.kubeconfig !== undefined && { kubeconfig: pulumi.secret(access.kubeconfig) }),
  });
  providers.set(cluster, provider);
  return provider;
}
