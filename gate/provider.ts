import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { AccessArgs } from "../components/access.ts";
import { UserError } from "../components/user-error.ts";
import { ownStack } from "./stack-state.ts";

const providers = new Map<string, { readonly cluster: string; readonly provider: Provider }>();

/**
 * The program's own provider, one for any number of services: each start costs it a download of the API's schema. It takes over what
 * exists: an object that a killed `up` has made is in no state, and from version 4.29 on the provider would refuse to make it
 * (owner.ts says whose an object is).
 *
 * The state keeps what it is given, and a refresh uses it before the program runs. So it is given nothing of the machine that this
 * runs on: it finds the cluster by the environment, as the program does. Only what the configuration chooses for every machine is
 * written down.
 *
 * @param chosen by the configuration
 * @param cluster UID of the cluster: another path or context to it is an update of the provider, and replaces nothing
 * @throws Refusal for a second cluster
 */
export function providerFor(chosen: AccessArgs, cluster: string): Provider {
  const stack = ownStack();
  const known = providers.get(stack);
  if (known && known.cluster !== cluster) {
    throw new UserError(
      `This program deploys to the clusters with the UIDs ${known.cluster} and ${cluster}: give the services of each a provider of its own, in the options of openRollout and CanaryService.`,
    );
  }
  if (known) return known.provider;
  const provider = new Provider("cluster", {
    clusterIdentifier: cluster,
    upsertExistingObjects: true,
    // Not left out: in its place the SDK would write the path in KUBECONFIG (@pulumi/kubernetes, provider.js).
    kubeconfig: chosen.kubeconfig === undefined ? "" : pulumi.secret(chosen.kubeconfig),
    ...(chosen.context !== undefined && { context: chosen.context }),
    ...(chosen.cluster !== undefined && { cluster: chosen.cluster }),
  });
  providers.set(stack, { cluster, provider });
  return provider;
}
