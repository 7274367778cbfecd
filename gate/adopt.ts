/** Adoption: how a stack takes over a Deployment and the objects in front of it and beside it that existed before it managed the service. */

import { followersAnnotations } from "../components/additional-service-args.ts";
import { type Adopting, adoptedAnnotations, adoptedRelease, leavesPods } from "../components/adopted-release.ts";
import { assertAdoptable } from "../components/adoption.ts";
import { isScaled } from "../components/autoscaling.ts";
import { type StackState, serviceKey } from "../components/history.ts";
import { adoptedAnnotation, ownerAnnotation, serviceLabel, stackAnnotation } from "../components/names.ts";
import type { ObjectReference } from "../components/object-reference.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { undescribed } from "../components/undescribed.ts";
import { UserError } from "../components/user-error.ts";
import type { PartialObject } from "../kubernetes/objects/metadata.ts";
import type { RouteObject } from "../kubernetes/objects/route.ts";
import { objectPath, typeOf } from "../kubernetes/resources.ts";
import { isAdopted, type Live, releaseOf } from "../live/live.ts";
import { type Adopted, type RecordReading, withStableHistory } from "../record/record.ts";
import { changeRecord, type RecordedService } from "../record/record-store.ts";

/**
 * The live objects as they will be after the adoption that `gray adopt` requests: with the labels by which the objects of a service are
 * found. Returns `live` itself if there are no objects, or they are ours.
 *
 * @param owner the owner id of this stack
 * @param routes the HTTPRoutes that this program will take over. @default none
 * @throws UserError if the objects cannot be adopted
 */
export function asAdopted(
  service: string,
  args: ServiceArgs,
  owner: string,
  live: Live,
  routes: readonly RouteObject[] = [],
): Live {
  const { stable } = live.deployments;
  const { service: shared, ingress } = live.front;
  const { beside = [], budgets = [] } = live;
  const first = stable ?? shared;
  const isOurs = first?.metadata.labels?.[serviceLabel] === service && !isAdopted(stable);
  if (!first || isOurs) return live;
  assertAdoptable(service, args, { deployment: stable, service: shared, ingress, routes, beside, budgets });
  if (!stable) return live;
  const release = stable.metadata.annotations?.[adoptedAnnotation] ?? adoptedRelease(stable.spec.template).id;
  const ours = { [serviceLabel]: service };
  const mark = <T extends Marked>(object: T, labels: Record<string, string>, annotations = {}): T => {
    // Objects that another stack has marked stay that stack's.
    const ownerId = object.metadata.annotations?.[ownerAnnotation] ?? owner;
    return marked(object, labels, { ...annotations, [ownerAnnotation]: ownerId });
  };
  return {
    ...live,
    deployments: {
      ...live.deployments,
      stable: mark(stable, { ...ours, track: "stable" }, adoptedAnnotations(release)),
    },
    front: {
      ...live.front,
      service: shared && mark(shared, ours, followersAnnotations(service, args)),
      ingress: args.ingress && ingress ? mark(ingress, ours) : ingress,
    },
    beside: beside.map((object) => mark(object, ours)),
  };
}

interface Marked {
  readonly metadata: {
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
}

function marked<T extends Marked>(object: T, labels: Record<string, string>, annotations: Record<string, string>): T {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...labels },
      annotations: { ...metadata.annotations, ...annotations },
    },
  };
}

/**
 * The adoption of a service, as long as adopted pods serve; undefined for any other service.
 *
 * @param live the live objects, as they will be after an adoption that is requested
 * @param isRequested whether `gray adopt` requests the adoption (GRAY_ADOPT)
 * @throws UserError if the Deployment is marked as adopted and the record does not hold the adoption
 */
export function adoptionOf(
  service: string,
  live: Live,
  record: RecordReading,
  isRequested: boolean,
): Adopted | undefined {
  const { stable } = live.deployments;
  const known = record.kind === "read" ? record.record.adopted : undefined;
  if (known || !isAdopted(stable)) return known;
  const { namespace } = stable.metadata;
  if (!isRequested) {
    throw new UserError(
      `Deployment ${service} in namespace ${namespace} was adopted, but the record in ConfigMap ${service}-rollout does not say so: run pulumi up once with GRAY_ADOPT=${serviceKey(namespace, service)} in the environment, which writes it again.`,
    );
  }
  return {
    release: stable.metadata.annotations?.[adoptedAnnotation] ?? "",
    front: live.front.service?.spec.selector ?? {},
  };
}

/** The adopted Deployment's pod template as a release; undefined if no adopted Deployment is live. */
export function adoptedReleaseOf(live: Live): Release | undefined {
  const { stable } = live.deployments;
  if (!isAdopted(stable)) return undefined;
  // Changes by kubectl since the adoption do not change the id, because they did not come through a release.
  return { ...adoptedRelease(stable.spec.template), id: stable.metadata.annotations?.[adoptedAnnotation] ?? "" };
}

/**
 * What this run does with the adopted objects: which it imports, and whether it replaces the Deployment.
 *
 * @param own the state of this stack
 * @param release id of the release that stable will run; undefined if another stack owns stable
 * @param keepsRoutes whether the program's routes wait for the first promotion. @default false
 * @throws UserError if replacing the Deployment would delete its pods at once
 */
export function adoptionPlan(
  service: string,
  args: ServiceArgs,
  live: Live,
  own: StackState | undefined,
  release: string | undefined,
  keepsRoutes = false,
): Adopting {
  const { stable } = live.deployments;
  const keeps = isAdopted(stable) && release === releaseOf(stable);
  // Decided by the stack state, because it is written together with the resources: after an `up` that was killed, it may still hold the
  // first Deployment while the second one is live.
  const replaces = own?.adopted === true && release !== undefined && !keeps;
  for (const [key, value] of replaces && isAdopted(stable) ? Object.entries(leavesPods) : []) {
    if (stable?.metadata.annotations?.[key] === value) continue;
    throw new UserError(
      `Deployment ${service} in namespace ${args.namespace} has lost the annotation ${key}: ${value}, without which its pods would be deleted before new ones serve: put it back with kubectl annotate deployment ${service} -n ${args.namespace} ${key}=${value}.`,
    );
  }
  return {
    imports: own === undefined ? importsOf(service, args, live).map(({ kind, name }) => ({ kind, name })) : [],
    ...(keeps && { selector: stable.spec.selector.matchLabels ?? {} }),
    replaces,
    ...(keepsRoutes && { keepsRoutes }),
  };
}

/** The live objects that this stack takes over. */
function importsOf(
  service: string,
  args: ServiceArgs,
  { deployments: { stable }, front, beside = [] }: Live,
): (ObjectReference & PartialObject)[] {
  const owned = tracksOf(args);
  const [ofStable, ofCanary] = [owned.includes("stable"), owned.includes("canary")];
  const named = (kind: ObjectReference["kind"], { metadata }: PartialObject) => ({ kind, name: service, metadata });
  return [
    ...(ofStable && isAdopted(stable) ? [named("Deployment", stable)] : []),
    ...(ofCanary && front.service ? [named("Service", front.service)] : []),
    ...(ofCanary && args.ingress && front.ingress ? [named("Ingress", front.ingress)] : []),
    ...beside,
  ];
}

/** The labels of the adopted Deployment that its replacement would not have. */
function undescribedLabels(service: string, args: ServiceArgs, deployment: Marked | undefined): Record<string, string> {
  return deployment
    ? undescribed({ kind: "Deployment", name: service }, service, args, deployment.metadata).labels
    : {};
}

/**
 * Marks the objects that this stack adopts, and records the adoption. User traffic and pods do not change.
 *
 * Labels, annotations and an autoscaler's number of pods that the program leaves out get shared ownership. Otherwise the provider would
 * take over the fields that kubectl applied, and the API server would then remove those that the provider does not apply (seen with
 * 4.18).
 *
 * @param stack the full name of this stack
 * @param keptRoutes names of the HTTPRoutes that this program takes over after the first promotion. @default none
 */
export async function adoptObjects(
  of: RecordedService,
  args: ServiceArgs,
  live: Live,
  adopted: Adopted,
  stack: string,
  keptRoutes: readonly string[] = [],
): Promise<void> {
  const { api, namespace, service } = of;
  const { stable } = live.deployments;
  const owner = { [stackAnnotation]: stack };
  const labels = undescribedLabels(service, args, stable);
  const whole: Adopted = {
    ...adopted,
    ...(keptRoutes.length > 0 && { routes: [...keptRoutes] }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
  await changeRecord(of, (before) =>
    before.adopted ? before : { ...withStableHistory(before, adopted.release), adopted: whole },
  );
  for (const { kind, name, metadata } of importsOf(service, args, live)) {
    const { uid, labels = {}, annotations = {} } = metadata;
    const path = objectPath(kind, namespace, name);
    const keepsReplicas = kind === "Deployment" && isScaled(args);
    await api.apply("gray", path, {
      ...typeOf(kind),
      metadata: { name, uid, ...undescribed({ kind, name }, service, args, { labels, annotations }) },
      ...(keepsReplicas && { spec: { replicas: stable?.spec.replicas } }),
    });
    await api.patch(path, [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "add", path: "/metadata/labels", value: labels },
      { op: "add", path: "/metadata/annotations", value: { ...annotations, ...(kind === "Deployment" && owner) } },
    ]);
  }
}
