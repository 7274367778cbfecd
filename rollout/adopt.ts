import { setTimeout as sleep } from "node:timers/promises";
import {
  type Adopting,
  adoptedAnnotations,
  adoptedRelease,
  assertAdoptable,
  leavesPods,
} from "../components/adoption.ts";
import { defaults } from "../components/defaults.ts";
import type { Memory } from "../components/history.ts";
import { adoptedAnnotation, deploymentSelector, serviceLabel, stackAnnotation } from "../components/names.ts";
import { Refusal } from "../components/refusal.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import type { Cluster } from "./cluster.ts";
import { isAdopted, isComplete, type Live, readDeployment, readService, releaseOf } from "./live.ts";
import { type Adopted, changeRecord, type RecordReading, readRecord, withCompleted } from "./record.ts";

/** Time between two looks at the endpoints. */
const lookMilliseconds = 250;
/** Longest time that the endpoints of a Service may take to follow its selector. */
const patienceMilliseconds = 60_000;

/** Whether `gray adopt` asks for it. */
const isAsked = (service: string) => process.env.GRAY_ADOPT === service;

/**
 * What stands, as it stands once `gray adopt` has marked it: with the labels by which everything finds a service. Unless
 * `gray adopt` asks (GRAY_ADOPT is the service's name) and something is there that is not ours, nothing is another.
 *
 * @throws Refusal if it cannot be taken in
 */
export function asAdopted(service: string, args: ServiceArgs, live: Live): Live {
  const { stable } = live.deployments;
  const { service: shared, ingress } = live.front;
  const first = stable ?? shared;
  const isOurs = first?.metadata.labels?.[serviceLabel] === service && !isAdopted(stable);
  if (!isAsked(service) || !first || isOurs) return live;
  assertAdoptable(service, args, { deployment: stable, service: shared, ingress });
  if (!stable) return live;
  const release = stable.metadata.annotations?.[adoptedAnnotation] ?? adoptedRelease(stable.spec.template).id;
  const ours = { [serviceLabel]: service };
  return {
    ...live,
    deployments: {
      ...live.deployments,
      stable: marked(stable, { ...ours, track: "stable" }, adoptedAnnotations(release)),
    },
    front: {
      ...live.front,
      service: shared && marked(shared, ours),
      ingress: args.ingress && ingress ? marked(ingress, ours) : ingress,
    },
  };
}

interface Marked {
  readonly metadata: {
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
}

function marked<T extends Marked>(
  object: T,
  labels: Record<string, string>,
  annotations: Record<string, string> = {},
): T {
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
  if (!isAsked(service)) {
    throw new Refusal(
      `Deployment ${service} in namespace ${stable.metadata.namespace} was adopted and the record ${service}-rollout does not say so: run pulumi up once with GRAY_ADOPT=${service} in the environment, which notes it again.`,
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
  own: Memory | undefined,
  release: string | undefined,
): Adopting {
  const { stable } = live.deployments;
  const keeps = isAdopted(stable) && release === releaseOf(stable);
  // By the memory, which is written with the state: after an `up` that was killed, the state may hold the first Deployment
  // while the second one stands.
  const replaces = own?.adopted === true && release !== undefined && !keeps;
  for (const [key, value] of replaces && isAdopted(stable) ? Object.entries(leavesPods) : []) {
    if (stable?.metadata.annotations?.[key] === value) continue;
    throw new Refusal(
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
  const paths = {
    Deployment: `/apis/apps/v1/namespaces/${namespace}/deployments/${service}`,
    Service: `/api/v1/namespaces/${namespace}/services/${service}`,
    Ingress: `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${service}`,
  };
  const objects = { Deployment: live.deployments.stable, Service: live.front.service, Ingress: live.front.ingress };
  const owner = { [stackAnnotation]: stack };
  await changeRecord(api, namespace, service, live.cluster, (before) =>
    before.adopted ? before : { ...withCompleted(before, adopted.release), adopted },
  );
  for (const kind of importsOf(args, live)) {
    const { uid, labels, annotations } = objects[kind]?.metadata ?? {};
    await api.patch(paths[kind], [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "add", path: "/metadata/labels", value: labels },
      { op: "add", path: "/metadata/annotations", value: { ...annotations, ...(kind === "Deployment" && owner) } },
    ]);
  }
}

interface ReplicaSet {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly ownerReferences?: readonly object[];
  };
}

interface EndpointSlice {
  readonly endpoints?: readonly { readonly targetRef?: { readonly name: string } }[];
}

/**
 * Ends the pods that were there before us, once stable runs its first release of ours completely. Stopped at any point, it
 * is gone on with by the next `up` of stable.
 *
 * 1. The shared Service selects stable's new pods alone. Canary has the same release, and is back with its next `up`.
 * 2. No endpoint of the Service is another pod, and every proxy has had the time to know.
 * 3. The ReplicaSets that were left alone go, and their pods with them.
 * 4. The record forgets that the service was adopted.
 */
export async function handOver(of: {
  readonly api: Cluster;
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
}): Promise<void> {
  const { api, cluster, namespace, service } = of;
  const [record, stable] = await Promise.all([
    readRecord(api, namespace, service, cluster),
    readDeployment(api, namespace, service, "stable"),
  ]);
  const adopted = record.kind === "read" ? record.record.adopted : undefined;
  if (!adopted || !stable || isAdopted(stable) || !isComplete(stable)) return;
  const shared = await readService(api, namespace, service);
  if (shared) {
    await api.patch(`/api/v1/namespaces/${namespace}/services/${service}`, [
      { op: "add", path: "/spec/selector", value: deploymentSelector(service, "stable") },
    ]);
    await onlyBehind(api, namespace, service);
    await sleep(defaults.preStopSleepSeconds * 1000);
  }
  const path = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
  const left = (await api.list<ReplicaSet>(path)).filter((set) => wasLeft(set, service, adopted));
  await Promise.all(left.map(({ metadata }) => api.delete(`${path}/${metadata.name}`)));
  await changeRecord(api, namespace, service, cluster, ({ adopted: _, ...rest }) => rest);
}

/** Whether a ReplicaSet was the adopted Deployment's: by the name that Kubernetes gives, and by the labels of its pods. */
function wasLeft({ metadata }: ReplicaSet, service: string, { front }: Adopted): boolean {
  const { name, labels = {}, ownerReferences = [] } = metadata;
  if (ownerReferences.length > 0 || "track" in labels) return false;
  const isBehind = Object.entries(front).every(([key, value]) => labels[key] === value);
  return isBehind && name === `${service}-${labels["pod-template-hash"]}`;
}

/** Waits until the endpoints of the shared Service are pods of stable's new Deployment alone. */
async function onlyBehind(api: Cluster, namespace: string, service: string): Promise<void> {
  const end = Date.now() + patienceMilliseconds;
  for (;;) {
    const [slices, pods] = await Promise.all([
      api.list<EndpointSlice>(
        `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
        `kubernetes.io/service-name=${service}`,
      ),
      api.list<{ metadata: { name: string; labels?: Record<string, string> } }>(
        `/api/v1/namespaces/${namespace}/pods`,
        `app=${service}`,
      ),
    ]);
    const stable = new Set(
      pods.filter(({ metadata }) => metadata.labels?.track === "stable").map(({ metadata }) => metadata.name),
    );
    const behind = slices.flatMap(({ endpoints = [] }) => endpoints.map(({ targetRef }) => targetRef?.name ?? ""));
    if (behind.length > 0 && behind.every((name) => stable.has(name))) return;
    if (Date.now() > end) {
      throw new Refusal(
        `The endpoints of Service ${service} in namespace ${namespace} are still others than the pods of its Deployment: look at kubectl get endpointslices -n ${namespace}, then run pulumi up of stable again.`,
      );
    }
    await sleep(lookMilliseconds);
  }
}
