/** The PodDisruptionBudgets of a service. */
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { backgroundDeletion } from "./deletion.ts";
import { frontMetadata } from "./front-metadata.ts";
import { deploymentName, deploymentSelector, resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import type { ServiceArgs } from "./service-args.ts";
import type { Track } from "./traffic.ts";

/**
 * The PodDisruptionBudget of a track.
 *
 * @example trackBudget(namesOf("web", args), "canary", args, owner, { parent: this })
 */
export function trackBudget(
  names: ServiceNames,
  track: Track,
  args: ServiceArgs,
  owner: string,
  opts: CustomResourceOptions,
): PodDisruptionBudget {
  const object = budgetObject(names.service, track, args, owner);
  return new PodDisruptionBudget(resourceNameOf(names, object.metadata.name), object, opts);
}

/**
 * The PodDisruptionBudget of a track as it is sent to the API server. It has the name of the track's Deployment. The pods of an adopted
 * Deployment have no label `track`, so the budget counts none of them until the first promotion.
 *
 * @example budgetObject("web", "canary", { ...args, disruptionBudget: { minAvailable: 2 } }, owner).spec.maxUnavailable // 1
 */
export function budgetObject(service: string, track: Track, args: ServiceArgs, owner: string) {
  const { maxUnavailable = 1, minAvailable, unhealthyPodEvictionPolicy } = args.disruptionBudget ?? {};
  const { labels, ...metadata } = frontMetadata(service, deploymentName(service, track), args);
  return {
    metadata: {
      ...metadata,
      labels: { ...labels, track },
      annotations: { ...backgroundDeletion, ...ownerAnnotations(owner) },
    },
    spec: {
      ...(minAvailable !== undefined && track === "stable" ? { minAvailable } : { maxUnavailable }),
      ...(unhealthyPodEvictionPolicy && { unhealthyPodEvictionPolicy }),
      selector: { matchLabels: deploymentSelector(service, track) },
    },
  };
}
