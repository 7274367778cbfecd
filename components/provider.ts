/** Finds the Kubernetes provider that Pulumi uses for a component. */
import { Provider } from "@pulumi/kubernetes/provider.js";
import type { ComponentResourceOptions, ProviderResource } from "@pulumi/pulumi";

/**
 * The options of a component that select the provider of its objects, its former names, and what must be there before the service is read.
 *
 * @example
 * ```ts
 * const opts: ProviderOptions = { provider: new k8s.Provider("eu", { kubeconfig }) };
 * ```
 */
export type ProviderOptions = Pick<
  ComponentResourceOptions,
  "parent" | "provider" | "providers" | "aliases" | "dependsOn"
>;

/**
 * The Kubernetes provider of a component with these options: its own, else its parent's. Undefined if neither has one.
 *
 * @example givenProvider({ provider: eu }) // eu
 */
export function givenProvider({ parent, provider, providers = [] }: ProviderOptions): ProviderResource | undefined {
  const own = [...Object.values<ProviderResource>(providers), provider].findLast(Provider.isInstance);
  return own ?? parent?.getProvider("kubernetes:core/v1:Service");
}

/** The name of a provider in the program, for messages. @example providerName(new k8s.Provider("eu")) // "eu" */
export function providerName(provider: ProviderResource): string {
  // The SDK has no public field for the name. The URN ends with it, but is unknown until the provider is registered.
  return (provider as { readonly __name?: string }).__name ?? "without a name";
}
