/** The autoscaler of stable in the cluster: whether this `up` can make it, and whether it removes one. */

import { autoscalerKinds, fixedReplicas } from "../components/autoscaling.ts";
import { deploymentName, serviceLabel } from "../components/names.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { UserError } from "../components/user-error.ts";
import type { Metadata } from "../kubernetes/objects/metadata.ts";
import { listPath, objectPath } from "../kubernetes/resources.ts";
import { isServed } from "../kubernetes/served.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";
import type { Live } from "../live/live.ts";

/** The name that KEDA gives the HorizontalPodAutoscaler of a ScaledObject. */
const nameByKeda = (scaled: string) => `keda-hpa-${scaled}`;

/**
 * Checks that stable can have the autoscaler of the program.
 *
 * 1. For a ScaledObject, the cluster has KEDA.
 * 2. No HorizontalPodAutoscaler scales stable that this service does not own, by itself or by its ScaledObject, because two would overwrite
 *    each other's number.
 *
 * @param live the live objects, as they will be after an adoption that is requested
 * @throws UserError for the first condition that does not hold
 */
export async function assertAutoscalable(of: ServiceHandle, args: ServiceArgs, live: Live): Promise<void> {
  const { autoscaling } = args;
  if (autoscaling === undefined || !tracksOf(args).includes("stable")) return;
  const { api, namespace, service } = of;
  if ("keda" in autoscaling && !(await isServed(api, "ScaledObject"))) {
    throw new UserError(
      `${service}: the cluster has no KEDA (keda.sh/v1alpha1): install it, or describe a HorizontalPodAutoscaler in autoscaling.`,
    );
  }
  const target = deploymentName(service, "stable");
  const all = await unlessForbidden(api.list(listPath("HorizontalPodAutoscaler", namespace)), []);
  const isAdopted = (name: string) =>
    (live.beside ?? []).some(
      (each) => each.kind === "HorizontalPodAutoscaler" && each.name === name && isOurs(service, each.metadata),
    );
  const others = all.filter(
    ({ metadata, spec: { scaleTargetRef } }) =>
      scaleTargetRef.kind === "Deployment" &&
      scaleTargetRef.name === target &&
      !isOurs(service, metadata) &&
      !isAdopted(metadata.name),
  );
  const isOfKeda = others.some(({ metadata }) => metadata.name === nameByKeda(target));
  const byKeda =
    isOfKeda && (await isServed(api, "ScaledObject"))
      ? await unlessForbidden(api.get(objectPath("ScaledObject", namespace, target)), undefined)
      : undefined;
  const isByOurs = byKeda !== undefined && isOurs(service, byKeda.metadata);
  const other = others.find(({ metadata }) => !isByOurs || metadata.name !== nameByKeda(target));
  if (other === undefined) return;
  const { name } = other.metadata;
  throw new UserError(
    `${service}: HorizontalPodAutoscaler ${name} in namespace ${namespace} already scales Deployment ${target}, and two autoscalers overwrite each other: remove it right before this up, which keeps the number of pods, or set replicas: "external" in place of autoscaling.`,
  );
}

/**
 * Whether this `up` removes stable's autoscaler, whose number differs from that of the program. Stable then keeps its number until the next
 * `up`, so that the change is never also a sudden loss of pods.
 */
export async function removesAutoscaler(of: ServiceHandle, args: ServiceArgs, live: Live): Promise<boolean> {
  const { api, namespace, service } = of;
  const { stable } = live.deployments;
  const fixed = fixedReplicas(args);
  if (fixed === undefined || !stable || stable.spec.replicas === fixed || !tracksOf(args).includes("stable"))
    return false;
  const name = deploymentName(service, "stable");
  // A group that the cluster does not have answers a plain 404, as a proxy does.
  const hasKeda = await isServed(api, "ScaledObject");
  const found = await Promise.all(
    autoscalerKinds
      .filter((kind) => hasKeda || kind !== "ScaledObject")
      .map((kind) => unlessForbidden(api.get(objectPath(kind, namespace, name)), undefined)),
  );
  return found.some((each) => each !== undefined && isOurs(service, each.metadata));
}

function isOurs(service: string, { labels }: Metadata): boolean {
  return labels?.[serviceLabel] === service;
}
