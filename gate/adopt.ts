import {
  type Adopting,
  adoptedAnnotations,
  adoptedRelease,
  assertAdoptable,
  leavesPods,
  undescribed,
} from "../components/adoption.ts";
import { type StackState, stackStateKey } from "../components/history.ts";
import { adoptedAnnotation, ownerAnnotation, serviceLabel, stackAnnotation } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { isAdopted, type Live, releaseOf } from "../live/live.ts";
import { type Adopted, changeRecord, type RecordReading, withStableHistory } from "../record/record.ts";

/** Whether `gray adopt` asks for it. */
export function isAsked(namespace: string, service: string): boolean {
  return process.env.GRAY_ADOPT === stackStateKey(namespace, service);
}

/**
 * What stands, as it stands once `gray adopt` has marked it: with the labels by which everything finds a service. Unless
 * `gray adopt` asks (GRAY_ADOPT is the service's key) and something is there that is not ours, nothing is another.
 *
 * @param owner the owner id of this stack
 * @throws Refusal if it cannot be taken in
 */
export function asAdopted(service: string, args: ServiceArgs, owner: string, live: Live): Live {
  const { stable } = live.deployments;
  const { service: shared, ingress } = live.front;
  const first = stable ?? shared;
  const isOurs = first?.metadata.labels?.[serviceLabel] === service && !isAdopted(stable);
  if (!isAsked(args.namespace, service) || !first || isOurs) return live;
  assertAdoptable(service, args, { deployment: stable, service: shared, ingress });
  if (!stable) return live;
  const release = stable.metadata.annotations?.[adoptedAnnotation] ?? adoptedRelease(stable.spec.template).id;
  const ours = { [serviceLabel]: service };
  const mark = <T extends Marked>(object: T, labels: Record<string, string>, annotations = {}): T => {
    // What another stack has marked stays that stack's.
    const its = object.metadata.annotations?.[ownerAnnotation] ?? owner;
    return marked(object, labels, { ...annotations, [ownerAnnotation]: its });
  };
  return {
    ...live,
    deployments: {
      ...live.deployments,
      stable: mark(stable, { ...ours, track: "stable" }, adoptedAnnotations(release)),
    },
    front: {
      ...live.front,
      service: shared && mark(shared, ours),
      ingress: args.ingress && ingress ? mark(ingress, ours) : ingress,
    },
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
 * What is known of a service that was there before us, as long as pods of then serve; undefined for any other.
 *
 * @param live as `asAdopted` has it
 * @throws Refusal if its Deployment is marked and the record knows nothing of it
 */
export function adoptionOf(service: string, live: Live, record: RecordReading): Adopted | undefined {
  const { stable } = live.deployments;
  const known = record.kind === "read" ? record.record.adopted : undefined;
  if (known || !isAdopted(stable)) return known;
  const { namespace } = stable.metadata;
  if (!isAsked(namespace, service)) {
    throw new UserError(
      `Deployment ${service} in namespace ${namespace} was adopted and the record ${service}-rollout does not say so: run pulumi up once with GRAY_ADOPT=${stackStateKey(namespace, service)} in the environment, which notes it again.`,
    );
  }
  return {
    release: stable.metadata.annotations?.[adoptedAnnotation] ?? "",
    front: live.front.service?.spec.selector ?? {},
  };
}

/** What the Deployment runs that was there before us, as a release; undefined where there is none. */
export function adoptedReleaseOf(live: Live): Release | undefined {
  const { stable } = live.deployments;
  if (!isAdopted(stable)) return undefined;
  // What kubectl changed on it since is no other release: nobody here has released it.
  return { ...adoptedRelease(stable.spec.template), id: stable.metadata.annotations?.[adoptedAnnotation] ?? "" };
}

/**
 * What this run makes of it.
 *
 * @param own what this stack remembers
 * @param release id of the release that stable is to run; undefined where another stack owns stable
 * @throws Refusal if replacing the Deployment would take its pods down at once
 */
export function adopting(
  service: string,
  args: ServiceArgs,
  live: Live,
  own: StackState | undefined,
  release: string | undefined,
): Adopting {
  const { stable } = live.deployments;
  const keeps = isAdopted(stable) && release === releaseOf(stable);
  // By the memory, which is written with the state: after an `up` that was killed, the state may hold the first Deployment
  // while the second one stands.
  const replaces = own?.adopted === true && release !== undefined && !keeps;
  for (const [key, value] of replaces && isAdopted(stable) ? Object.entries(leavesPods) : []) {
    if (stable?.metadata.annotations?.[key] === value) continue;
    throw new UserError(
      `Deployment ${service} in namespace ${args.namespace} has lost the annotation ${key}: ${value}, without which its pods would end before others serve: put it back with kubectl annotate.`,
    );
  }
  return {
    imports: own === undefined ? importsOf(args, live) : [],
    ...(keeps && { selector: stable.spec.selector.matchLabels ?? {} }),
    replaces,
  };
}

function importsOf(args: ServiceArgs, { deployments, front }: Live): Adopting["imports"] {
  const owned = tracksOf(args);
  const [ofStable, ofCanary] = [owned.includes("stable"), owned.includes("canary")];
  return [
    ...(ofStable && isAdopted(deployments.stable) ? (["Deployment"] as const) : []),
    ...(ofCanary && front.service ? (["Service"] as const) : []),
    ...(ofCanary && args.ingress && front.ingress ? (["Ingress"] as const) : []),
  ];
}

/**
 * Marks what this stack takes in, and notes it in the record. Changes nothing of what anybody meets.
 *
 * What the program leaves out, labels, annotations and the number of pods that an autoscaler owns, is ours together with whoever wrote
 * it: the provider takes over what kubectl applied, and what it does not apply itself the API server would then take away
 * (seen with 4.18).
 *
 * @param stack the full name of this stack
 */
export async function takeIn(
  api: Cluster,
  service: string,
  args: ServiceArgs,
  live: Live,
  adopted: Adopted,
  stack: string,
): Promise<void> {
  const { namespace } = args;
  const kinds = {
    Deployment: { apiVersion: "apps/v1", path: `/apis/apps/v1/namespaces/${namespace}/deployments/${service}` },
    Service: { apiVersion: "v1", path: `/api/v1/namespaces/${namespace}/services/${service}` },
    Ingress: {
      apiVersion: "networking.k8s.io/v1",
      path: `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${service}`,
    },
  };
  const objects = { Deployment: live.deployments.stable, Service: live.front.service, Ingress: live.front.ingress };
  const owner = { [stackAnnotation]: stack };
  await changeRecord(api, namespace, service, live.cluster, (before) =>
    before.adopted ? before : { ...withStableHistory(before, adopted.release), adopted },
  );
  for (const kind of importsOf(args, live)) {
    const { uid, labels = {}, annotations = {} } = objects[kind]?.metadata ?? {};
    const { path, apiVersion } = kinds[kind];
    const isScaled = kind === "Deployment" && args.replicas === "external";
    await api.apply("gray", path, {
      apiVersion,
      kind,
      metadata: { name: service, uid, ...undescribed(kind, service, args, { labels, annotations }) },
      ...(isScaled && { spec: { replicas: objects.Deployment?.spec.replicas } }),
    });
    await api.patch(path, [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "add", path: "/metadata/labels", value: labels },
      { op: "add", path: "/metadata/annotations", value: { ...annotations, ...(kind === "Deployment" && owner) } },
    ]);
  }
}
