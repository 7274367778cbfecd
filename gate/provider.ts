/** The program's own Kubernetes provider. */

import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { AccessArgs } from "../components/access.ts";
import { UserError } from "../components/user-error.ts";
import { perDeployment } from "./per-deployment.ts";

/** The provider of this deployment, once a service needs it. */
const own = perDeployment((): { made?: { readonly cluster: string; readonly provider: Provider } } => ({}));

/**
 * The program's own provider. All services share one, because each provider downloads the API's schema when it starts. It takes over
 * existing objects: an object that a killed `up` created is in no state, and since version 4.29 the provider would refuse to create it.
 * owner.ts checks that such an object is this stack's.
 *
 * The provider's inputs are stored in the state, and a refresh uses them before the program runs. So they hold nothing of this machine:
 * the provider finds the cluster by the environment, as the program does. Only the configuration's choice, which is the same on every
 * machine, is stored.
 *
 * @param chosen the access that the configuration names
 * @param cluster UID of the cluster, so that another path or context to it updates the provider and replaces no object
 * @throws UserError for a second cluster
 */
export function providerFor(chosen: AccessArgs, cluster: string): Provider {
  const deployment = own();
  const known = deployment.made;
  if (known && known.cluster !== cluster) {
    throw new UserError(
      `This program deploys to the clusters with the UIDs ${known.cluster} and ${cluster}: give the services of each a provider of its own, in the options of openRollout and CanaryService.`,
    );
  }
  if (known) return known.provider;
  const provider = new Provider("cluster", {
    clusterIdentifier: cluster,
    upsertExistingObjects: true,
    // Empty instead of absent, because the SDK would replace an absent one by the path in KUBECONFIG (@pulumi/kubernetes, provider.js).
    kubeconfig: chosen.kubeconfig === undefined ? "" : pulumi.secret(chosen.kubeconfig),
    ...(chosen.context !== undefined && { context: chosen.context }),
    ...(chosen.cluster !== undefined && { cluster: chosen.cluster }),
  });
  deployment.made = { cluster, provider };
  return provider;
}
