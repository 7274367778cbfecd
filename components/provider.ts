import { Provider } from "@pulumi/kubernetes/provider.js";
import type { ComponentResourceOptions, ProviderResource } from "@pulumi/pulumi";

/** The options of a component that say with which provider its objects are deployed. */
export type ProviderOptions = Pick<ComponentResourceOptions, "parent" | "provider" | "providers">;

/** The provider for Kubernetes of a component with these options: its own, else its parent's; undefined where there is none. */
export function givenProvider({ parent, provider, providers = [] }: ProviderOptions): ProviderResource | undefined {
  const own = [...Object.values<ProviderResource>(providers), provider].findLast(Provider.isInstance);
  return own ?? parent?.getProvider("kubernetes:core/v1:Service");
}

/** The name that the program gave a provider, for a sentence. */
export function providerName(provider: ProviderResource): string {
  // The SDK keeps the name to itself; the URN, which ends with it, is known only once the provider is registered.
  return (provider as { readonly __name?: string }).__name ?? "without a name";
}
