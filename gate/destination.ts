/**
 * Makes sure that gray reads the same cluster that the provider deploys to.
 *
 * 1. If the program gives a provider, the cluster is read with that provider's kubeconfig, context and cluster, or with `access`.
 * 2. Before anything is registered with a provider, the provider itself reads the UID of its cluster, which must be the same. Two
 *    processes read the kubeconfig, and its current context may change in between.
 * 3. If something is known only in `up`, a preview warns, and `up` refuses if it is not known then.
 */

import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import * as pulumi from "@pulumi/pulumi";
import type { AccessArgs } from "../components/access.ts";
import { providerName } from "../components/provider.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { settled } from "../components/settled.ts";
import { UserError } from "../components/user-error.ts";
import type { Access } from "../kubernetes/access.ts";
import { findAccess } from "../kubernetes/kubeconfig.ts";
import { perDeployment } from "./per-deployment.ts";

/** An input of a provider that is known only in `up`, or that the SDK does not reveal. */
const unknown = Symbol("unknown");

/**
 * The access that the program names: that of the arguments, else that of the given provider, else that of the stack's configuration.
 *
 * @returns undefined in a preview in which the inputs of the given provider are not known
 * @throws UserError in an `up` in which they are not known
 */
export async function accessOf(
  service: string,
  args: ServiceArgs,
  given: pulumi.ProviderResource | undefined,
): Promise<AccessArgs | undefined> {
  if (args.access) return args.access;
  if (given) return accessThrough(service, given);
  const config = new pulumi.Config("kubernetes");
  return { kubeconfig: config.get("kubeconfig"), context: config.get("context") };
}

/** The access to a provider's cluster, from the provider's own inputs. */
async function accessThrough(service: string, provider: pulumi.ProviderResource): Promise<AccessArgs | undefined> {
  const [kubeconfig, context, cluster] = await Promise.all(
    ["kubeconfig", "context", "cluster"].map((input) => inputOf(provider, input)),
  );
  const isKnown = [kubeconfig, context, cluster].every((value) => value !== unknown);
  if (isKnown) return { kubeconfig: textOf(kubeconfig), context: textOf(context), cluster: textOf(cluster) };
  const name = providerName(provider);
  if (!pulumi.runtime.isDryRun()) {
    throw new UserError(
      `${service}: the kubeconfig of provider ${name} is not known to this program, so its cluster cannot be read: add access: { kubeconfig, context } of the same cluster to the arguments of ${service}.`,
    );
  }
  pulumi.log.warn(
    `${service}: the cluster of provider ${name} is not known before pulumi up, so this preview shows a first install; up reads the cluster first, and may stop there.`,
  );
  return undefined;
}

/** The access to the cluster that is read. @throws UserError if there is none; it names the provider that the program gives */
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
 * Checks that the provider deploys to this cluster, by a read through the provider itself.
 *
 * @param cluster UID of the cluster that was read
 * @throws UserError if it deploys to another one, or, in `up`, if its cluster is not known
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
      `${service}: provider ${name} deploys to the cluster with UID ${uid}, but gray reads the cluster with UID ${cluster}: let the provider's kubeconfig and context, and those of access or of the environment, lead to one cluster.`,
    );
  }
  if (!pulumi.runtime.isDryRun()) {
    throw new UserError(
      `${service}: provider ${name} does not report to which cluster it deploys, and gray reads the cluster with UID ${cluster}: let the provider read the namespace kube-system (docs/reference/rbac.md of gray-release).`,
    );
  }
  pulumi.log.warn(
    `${service}: it is not known before pulumi up whether provider ${name} deploys to the cluster with UID ${cluster}, which gray reads; up checks that first, and stops if it does not.`,
  );
}

/** The UID of each provider's cluster by the provider's URN, since each call to a provider process makes an object of its own for it. */
const clusters = perDeployment(() => new Map<string, Promise<unknown>>());

/** The UID of the provider's cluster, read once for each provider. */
async function clusterThrough(provider: pulumi.ProviderResource, name: string): Promise<unknown> {
  const urn = (await knownValue(provider.urn)) as string;
  const known = clusters().get(urn);
  if (known) return known;
  // Creates nothing: Pulumi reads the namespace into the state, as a child of the provider.
  const { metadata } = Namespace.get(name, "kube-system", { provider, parent: provider });
  const uid = knownValue(metadata.uid).then((value) => value ?? unknown);
  clusters().set(urn, uid);
  return uid;
}

/** An input of a provider. The SDK makes an Output of each input, which its types do not show (rpc.ts, transferProperties). */
async function inputOf(provider: pulumi.ProviderResource, input: string): Promise<unknown> {
  if (!Object.hasOwn(provider, input)) return unknown;
  return knownValue((provider as unknown as Record<string, pulumi.Output<unknown>>)[input] as pulumi.Output<unknown>);
}

/** The value of an Output; undefined if it has none, `unknown` if it gets one only in `up`. */
async function knownValue(output: pulumi.Output<unknown>): Promise<unknown> {
  const value = await settled(output);
  return pulumi.containsUnknowns(value) ? unknown : value;
}

/** An input as text. Some programs give a provider the kubeconfig as an object. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
