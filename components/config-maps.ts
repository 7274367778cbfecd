/** The ConfigMaps of a service: the files of its releases, the releases themselves, and its plan. */
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import { configMapData } from "./config-files.ts";
import { backgroundDeletion } from "./deletion.ts";
import { serviceLabel } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import { planName, planText } from "./plan.ts";
import type { RolloutContext } from "./rollout-context.ts";
import { labelsOf, mainPort, type ServiceArgs } from "./service-args.ts";
import { storedReleaseData, storedReleaseName } from "./stored-release.ts";

/**
 * Creates the ConfigMaps that the releases in the history mount, and those that must not be deleted for another reason.
 *
 * @example releaseConfigMaps("web", args, rollout, { parent, provider })
 */
export function releaseConfigMaps(
  service: string,
  args: ServiceArgs,
  rollout: RolloutContext,
  opts: CustomResourceOptions,
): ConfigMap[] {
  const stored = new Set(rollout.history.map(({ id }) => storedReleaseName(service, id)));
  const own = Object.entries(rollout.configMaps).filter(([name]) => !stored.has(name));
  return own.map(
    ([name, files]) =>
      new ConfigMap(
        name,
        { metadata: configMapMetadata(service, name, args, rollout), immutable: true, ...configMapData(files) },
        opts,
      ),
  );
}

/**
 * Creates the ConfigMaps in which the releases of the history are stored. That of the release that canary runs is created when all its pods are
 * available, so a stored release has run.
 *
 * @example storedReleases("web", args, rollout, canaryDeployment, { parent, provider })
 */
export function storedReleases(
  service: string,
  args: ServiceArgs,
  rollout: RolloutContext,
  canary: Resource,
  opts: CustomResourceOptions,
): ConfigMap[] {
  return rollout.history.map((release) => {
    const name = storedReleaseName(service, release.id);
    const isNew = release.id === rollout.releases.canary?.id;
    return new ConfigMap(
      name,
      { metadata: configMapMetadata(service, name, args, rollout), immutable: true, data: storedReleaseData(release) },
      { ...opts, ...(isNew && { dependsOn: canary }) },
    );
  });
}

/**
 * Creates the ConfigMap with the plan, which `gray` reads. No pod mounts it, so a change restarts no pod.
 *
 * @example planConfigMap("web", args, rollout, { parent, provider })
 */
export function planConfigMap(
  service: string,
  args: ServiceArgs,
  rollout: RolloutContext,
  opts: CustomResourceOptions,
): void {
  if (args.plan === undefined) return;
  const name = planName(service);
  const data = { plan: planText(args.plan, mainPort(args)) };
  new ConfigMap(name, { metadata: configMapMetadata(service, name, args, rollout), data }, opts);
}

function configMapMetadata(service: string, name: string, args: ServiceArgs, { owner }: RolloutContext) {
  const labels = { ...labelsOf(service, args), [serviceLabel]: service };
  return {
    name,
    namespace: args.namespace,
    labels,
    annotations: { ...backgroundDeletion, ...ownerAnnotations(owner) },
  };
}
