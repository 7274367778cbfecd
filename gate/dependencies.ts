/** Waits for what the program makes before a service (`dependsOn`). */
import * as pulumi from "@pulumi/pulumi";
import type { ProviderOptions } from "../components/provider.ts";
import { settled } from "../components/settled.ts";
import { ownStack } from "./stack-state.ts";

/**
 * Waits until the resources in `dependsOn` are there, with the children of components: a namespace, a CustomResourceDefinition, an operator. What the
 * cluster says about the service is read only then. An invoke waits for them as a resource does; that one whose answer is short is used. In a
 * preview what does not exist yet is not awaited.
 *
 * @throws the error with which an Output in `dependsOn` fails
 * @example await awaitDependencies({ dependsOn: [namespace] });
 */
export async function awaitDependencies({ dependsOn }: Pick<ProviderOptions, "dependsOn">): Promise<void> {
  if (dependsOn === undefined) return;
  const answer = pulumi.runtime.invokeOutput("pulumi:pulumi:readStackOutputs", { name: ownStack() }, { dependsOn });
  await settled(answer);
}
