/** The ConfigMaps of a service: the files of its releases, the releases themselves, and its plan. */
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import { configMapData } from "./config-files.ts";
import { backgroundDeletion } from "./deletion.ts";
import { frontMetadata } from "./front-metadata.ts";
import { resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import { planName, planText } from "./plan.ts";
import type { RolloutContext } from "./rollout-context.ts";
import { secretReferences } from "./secret-references.ts";
import { mainPort, type ServiceArgs } from "./service-args.ts";
import { storedReleaseData, storedReleaseName } from "./stored-release.ts";
import { modeOf } from "./traffic/modes.ts";

/**
 * Creates the ConfigMaps that the releases in the history mount, and those that must not be deleted for another reason.
 *
 * @returns them by name
 *
 * @example releaseConfigMaps(namesOf("web", args), args, rollout, { parent, provider })
 */
export function releaseConfigMaps(
  names: ServiceNames,
  args: ServiceArgs,
  rollout: RolloutContext,
  opts: CustomResourceOptions,
): Map<string, ConfigMap> {
  const stored = new Set(rollout.history.map(({ id }) => storedReleaseName(names.service, id)));
  const own = Object.entries(rollout.configMaps).filter(([name]) => !stored.has(name));
  return new Map(
    own.map(([name, files]) => {
      const metadata = configMapMetadata(names.service, name, args, rollout);
      const object = { metadata, immutable: true, ...configMapData(files) };
      return [name, new ConfigMap(resourceNameOf(names, name), object, opts)] as const;
    }),
  );
}

/**
 * Creates the ConfigMaps in which the releases of the history are stored. That of the release that canary runs is created when all its pods are
 * available, so a stored release has run.
 *
 * @param needed the ConfigMaps with the files and the Secrets, by name
 * @example storedReleases(namesOf("web", args), args, rollout, canaryDeployment, { files, secrets }, { parent, provider })
 */
export function storedReleases(
  names: ServiceNames,
  args: ServiceArgs,
  rollout: RolloutContext,
  canary: Resource,
  needed: { readonly files: ReadonlyMap<string, Resource>; readonly secrets: ReadonlyMap<string, Resource> },
  opts: CustomResourceOptions,
): ConfigMap[] {
  const { service } = names;
  return rollout.history.map((release) => {
    const name = storedReleaseName(service, release.id);
    const isNew = release.id === rollout.releases.canary?.id;
    // So a release is deleted before what it needs, and one that is stored has it.
    const files = Object.keys(release.configMaps).flatMap((configMap) => needed.files.get(configMap) ?? []);
    const references = secretReferences(release.template.spec);
    const secrets = [...new Set(references.map(({ name }) => name))].flatMap(
      (secret) => needed.secrets.get(secret) ?? [],
    );
    return new ConfigMap(
      resourceNameOf(names, name),
      { metadata: configMapMetadata(service, name, args, rollout), immutable: true, data: storedReleaseData(release) },
      { ...opts, dependsOn: [...(isNew ? [canary] : []), ...files, ...secrets] },
    );
  });
}

/**
 * Creates the ConfigMap with the plan, which `gray` reads. No pod mounts it, so a change restarts no pod. A plan of a worker has no checks, so
 * there is nothing to store.
 *
 * @example planConfigMap(namesOf("web", args), args, rollout, { parent, provider })
 */
export function planConfigMap(
  names: ServiceNames,
  args: ServiceArgs,
  rollout: RolloutContext,
  opts: CustomResourceOptions,
): void {
  if (args.plan === undefined || !modeOf(args).hasService) return;
  const { service } = names;
  const name = planName(service);
  const data = { plan: planText(args.plan, mainPort(args)) };
  new ConfigMap(resourceNameOf(names, name), { metadata: configMapMetadata(service, name, args, rollout), data }, opts);
}

function configMapMetadata(service: string, name: string, args: ServiceArgs, { owner }: RolloutContext) {
  return {
    ...frontMetadata(service, name, args),
    annotations: { ...backgroundDeletion, ...ownerAnnotations(owner) },
  };
}
