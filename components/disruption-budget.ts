/** The PodDisruptionBudgets of a service. */
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { backgroundDeletion } from "./deletion.ts";
import { budgetSpec } from "./disruption-budget-args.ts";
import { frontMetadata } from "./front-metadata.ts";
import { adoptedAnnotation, deploymentName, resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import type { ServiceArgs } from "./service-args.ts";
import type { Track } from "./traffic.ts";

/** The pods of an adopted Deployment, which have no label `track`. */
interface AdoptedPods {
  readonly release: string;
  readonly selector: Readonly<Record<string, string>>;
}

/**
 * The PodDisruptionBudget of a track.
 *
 * @param adopted the adopted pods that stable's budget counts in place of the track's
 * @example trackBudget(namesOf("web", args), "canary", args, owner, { parent: this })
 */
export function trackBudget(
  names: ServiceNames,
  track: Track,
  args: ServiceArgs,
  owner: string,
  opts: CustomResourceOptions,
  adopted?: AdoptedPods,
): PodDisruptionBudget {
  const object = budgetObject(names.service, track, args, owner, adopted);
  return new PodDisruptionBudget(resourceNameOf(names, object.metadata.name), object, opts);
}

/**
 * The PodDisruptionBudget of a track as it is sent to the API server. It has the name of the track's Deployment.
 *
 * @param adopted as in {@link trackBudget}
 * @example budgetObject("web", "canary", { ...args, disruptionBudget: { minAvailable: 2 } }, owner).spec.maxUnavailable // 1
 */
export function budgetObject(service: string, track: Track, args: ServiceArgs, owner: string, adopted?: AdoptedPods) {
  const { labels, ...metadata } = frontMetadata(service, deploymentName(service, track), args);
  return {
    metadata: {
      ...metadata,
      labels: { ...labels, track },
      annotations: {
        ...backgroundDeletion,
        ...ownerAnnotations(owner),
        ...(adopted && { [adoptedAnnotation]: adopted.release }),
      },
    },
    spec: budgetSpec(service, track, args.disruptionBudget, adopted?.selector),
  };
}
