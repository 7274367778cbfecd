/** The Secrets of a service. */
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import { backgroundDeletion } from "./deletion.ts";
import { frontMetadata } from "./front-metadata.ts";
import { resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import type { RolloutContext } from "./rollout-context.ts";
import { secretData } from "./secret-content.ts";
import type { ServiceArgs } from "./service-args.ts";

/**
 * Creates the Secrets of the arguments, and retains those that earlier releases or live pods need, with the values that they have.
 *
 * @returns them by name
 * @example serviceSecrets(namesOf("web", args), args, rollout, { parent, provider })
 */
export function serviceSecrets(
  names: ServiceNames,
  args: ServiceArgs,
  { owner, secrets }: RolloutContext,
  opts: pulumi.CustomResourceOptions,
): Map<string, Secret> {
  const { described = {}, retained = [] } = secrets ?? {};
  const metadataOf = (name: string) => ({
    ...frontMetadata(names.service, name, args),
    annotations: { ...backgroundDeletion, ...ownerAnnotations(owner) },
  });
  const own = Object.entries(described).map(([secret, name]) => {
    const { mode, data } = args.secrets?.[secret] ?? {};
    const object = {
      metadata: metadataOf(name),
      ...(mode === "versioned" && { immutable: true }),
      // The class Secret marks it as secret.
      data: pulumi.output(data).apply((values) => secretData(values ?? {})),
    };
    return [name, new Secret(resourceNameOf(names, name), object, opts)] as const;
  });
  // The values are in no program any more, so they stay as the state and the cluster have them.
  const ignoreChanges = ["data", "immutable", "type"];
  const others = retained.map((name) => {
    const object = { metadata: metadataOf(name) };
    return [name, new Secret(resourceNameOf(names, name), object, { ...opts, ignoreChanges })] as const;
  });
  return new Map([...own, ...others]);
}
