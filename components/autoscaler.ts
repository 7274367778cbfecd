/** The autoscaler of stable: a HorizontalPodAutoscaler, or a ScaledObject of KEDA. */
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2/horizontalPodAutoscaler.js";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import {
  type AutoscalingArgs,
  autoscalerReference,
  boundsOf,
  horizontalSpec,
  type KedaArgs,
  scaleTarget,
} from "./autoscaling.ts";
import { frontMetadata } from "./front-metadata.ts";
import { resourceNameOf, type ServiceNames } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import type { ServiceArgs } from "./service-args.ts";

/**
 * The autoscaler of stable. `up` does not wait for it, because without metrics it is not ready and harms nothing.
 *
 * @example stableAutoscaler(namesOf("web", args), args, { maxReplicas: 20 }, owner, { parent: this })
 */
export function stableAutoscaler(
  names: ServiceNames,
  args: ServiceArgs,
  autoscaling: AutoscalingArgs,
  owner: string,
  opts: CustomResourceOptions,
): Resource {
  const metadata = metadataOf(names.service, args, autoscaling, owner);
  const { name } = metadata;
  const resource = resourceNameOf(names, name);
  if (!("keda" in autoscaling))
    return new HorizontalPodAutoscaler(resource, { metadata, spec: horizontalSpec(name, autoscaling) }, opts);
  const type = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" };
  return new CustomResource(resource, { ...type, metadata, spec: scaledObjectSpec(name, autoscaling) }, opts);
}

/**
 * The autoscaler as it is sent to the API server.
 *
 * @example autoscalerObject("web", args, { maxReplicas: 20 }, owner).metadata.name // "web"
 */
export function autoscalerObject(service: string, args: ServiceArgs, autoscaling: AutoscalingArgs, owner: string) {
  const metadata = metadataOf(service, args, autoscaling, owner);
  const { name } = metadata;
  return {
    metadata,
    spec: "keda" in autoscaling ? scaledObjectSpec(name, autoscaling) : horizontalSpec(name, autoscaling),
  };
}

function metadataOf(service: string, args: ServiceArgs, autoscaling: AutoscalingArgs, owner: string) {
  const { name } = autoscalerReference(service, autoscaling);
  return {
    ...frontMetadata(service, name, args),
    annotations: { "pulumi.com/skipAwait": "true", ...ownerAnnotations(owner) },
  };
}

function scaledObjectSpec(name: string, { keda }: KedaArgs) {
  const scaleTargetRef = { ...(keda.scaleTargetRef as object | undefined), ...scaleTarget(name) };
  return { ...keda, scaleTargetRef, minReplicaCount: boundsOf({ keda }).least };
}
