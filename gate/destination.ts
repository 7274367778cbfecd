import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import * as pulumi from "@pulumi/pulumi";
import type { AccessArgs } from "../components/access.ts";
import { providerName } from "../components/provider.ts";
import { UserError } from "../components/user-error.ts";
import { type Access, findAccess } from "../kubernetes/kubeconfig.ts";

/**
 * Holds together the cluster that a provider deploys to and the one that is looked at.
 *
 * 1. Where the program gives a provider, the cluster is looked at by that provider's kubeconfig, context and cluster, or by `access`.
 * 2. Before anything is registered with a provider, it reads the UID of the cluster itself, which must be that of the one looked at:
 *    two processes read the kubeconfig, and its current context may change in between.
 * 3. What only `up` will know is a warning in preview, and a refusal in `up`.
 */

/** An input of a provider that only `up` will know, or that the SDK does not tell. */
const unknown = Symbol("unknown");

/**
 * How the cluster of a provider is reached, by the provider's own inputs.
 *
 * @returns undefined in a preview that cannot know it
 * @throws Refusal where `up` cannot know it either
 */
export async function accessThrough(
  service: string,
  provider: pulumi.ProviderResource,
): Promise<AccessArgs | undefined> {
  const [kubeconfig, context, cluster] = await Promise.all(
    ["kubeconfig", "context", "cluster"].map((input) => inputOf(provider, input)),
  );
  const isKnown = [kubeconfig, context, cluster].every((value) => value !== unknown);
  if (isKnown) return { kubeconfig: textOf(kubeconfig), context: textOf(context), cluster: textOf(cluster) };
  const name = providerName(provider);
  if (!pulumi.runtime.isDryRun()) {
    throw new UserError(
      `${service}: the kubeconfig of provider ${name} is not known to this program, so its cluster cannot be looked at: give the arguments of ${service} access: { kubeconfig, context } to the same cluster.`,
    );
  }
  pulumi.log.warn(
    `${service}: the cluster of provider ${name} is not known before pulumi up, so this preview shows a first install; up looks at the cluster first, and may stop there.`,
  );
  return undefined;
}

/** The cluster that is looked at. @throws Refusal if it cannot be found, which names the provider that the program gives */
export function findAccessOf(
  service: string,
  provider: pulumi.ProviderResource | undefined,
  chosen: AccessArgs | undefined,
): Access {
  try {
    return findAccess(chosen);
  } catch (error) {
    if (!provider || !(error instanceof UserError)) throw error;
    throw new UserError(`${service}, by provider ${providerName(provider)}: ${error.message}`);
  }
}

/**
 * Whether the provider deploys to this cluster, asked of the provider itself.
 *
 * @param cluster UID of the cluster that was looked at
 * @throws Refusal if it does not
 */
export async function assertDeploysTo(
  service: string,
  provider: pulumi.ProviderResource,
  cluster: string,
): Promise<void> {
  const name = providerName(provider);
  const uid = await clusterThrough(provider, name);
  if (uid === cluster) return;
  if (uid !== unknown) {
    throw new UserError(
      `${service}: provider ${name} deploys to the cluster with UID ${uid}, and the cluster that was looked at has the UID ${cluster}: let the provider's kubeconfig and context, and those of access or of the environment, lead to one cluster.`,
    );
  }
  if (!pulumi.runtime.isDryRun()) {
    throw new UserError(
      `${service}: provider ${name} does not say to which cluster it deploys, and the cluster that was looked at has the UID ${cluster}: let it read the namespace kube-system (docs/rbac.md of gray-release).`,
    );
  }
  pulumi.log.warn(
    `${service}: whether provider ${name} deploys to the cluster with UID ${cluster}, which was looked at, is not known before pulumi up; up asks it first, and stops if it does not.`,
  );
}

const asked = new WeakMap<pulumi.ProviderResource, Promise<unknown>>();

/** The UID of the provider's cluster, which it is asked for once. */
function clusterThrough(provider: pulumi.ProviderResource, name: string): Promise<unknown> {
  const before = asked.get(provider);
  if (before) return before;
  // No name of an object is in it, and nothing is made: Pulumi reads the namespace into the state, as its child.
  const { metadata } = Namespace.get(name, "kube-system", { provider, parent: provider });
  const uid = settled(metadata.uid).then((value) => value ?? unknown);
  asked.set(provider, uid);
  return uid;
}

/** An input of a provider; the SDK makes an Output of each, which its types do not say (rpc.ts, transferProperties). */
async function inputOf(provider: pulumi.ProviderResource, input: string): Promise<unknown> {
  if (!Object.hasOwn(provider, input)) return unknown;
  return settled((provider as unknown as Record<string, pulumi.Output<unknown>>)[input]);
}

/** What an Output comes to; undefined where it has no value, `unknown` where only `up` gives it one. */
async function settled(output: unknown): Promise<unknown> {
  // Not `apply`, which in preview takes an input that nobody gave for one that is not known yet.
  const value = await (output as { promise(withUnknowns: boolean): Promise<unknown> }).promise(true);
  return pulumi.containsUnknowns(value) ? unknown : value;
}

/** Some programs hand a provider the kubeconfig as an object. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
