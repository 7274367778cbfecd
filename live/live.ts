/** Reads the live objects of a service, and what the status of a Deployment means. */

import { oneLine } from "../border/foreign-text.ts";
import type { Files } from "../components/config-files.ts";
import { adoptedAnnotation, backendName, deploymentName, serviceLabel, stackAnnotation } from "../components/names.ts";
import type { ReferenceBeside } from "../components/objects-beside.ts";
import { configMapsOf, type PodSpec } from "../components/release.ts";
import type { Track } from "../components/traffic.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { DisruptionBudgetObject } from "../kubernetes/objects/disruption-budget.ts";
import type { Metadata, PartialObject } from "../kubernetes/objects/metadata.ts";
import type { PodObject } from "../kubernetes/objects/pod.ts";
import type { ServiceObject } from "../kubernetes/objects/service.ts";
import { clusterObjectPath, listPath, objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import type { RecordedService } from "../record/record-store.ts";
import type { LiveRoute } from "./traffic/mode.ts";
import { readAllRoutes } from "./traffic/modes.ts";

/** A service with its Deployments as they were read last. */
export interface DeployedService extends RecordedService {
  readonly deployments: Partial<Record<Track, DeploymentObject>>;
}

/** The live objects of one service. */
export interface Live {
  /** UID of the kube-system namespace. */
  readonly cluster: string;
  readonly namespaceExists: boolean;
  readonly deployments: Partial<Record<Track, DeploymentObject>>;
  readonly front: {
    readonly service: ServiceObject | undefined;
    readonly canaryAccess: PartialObject | undefined;
    readonly ingress: PartialObject | undefined;
    /** The routes of the traffic mode; empty if they were not requested. */
    readonly routes: readonly LiveRoute[];
  };
  /** The objects beside the service that this stack describes, while adopted pods serve. @default none, or not requested */
  readonly beside?: readonly LiveBeside[];
  /** The disruption budgets of the namespace, if this stack describes one of adopted pods. @default none, or not requested */
  readonly budgets?: readonly DisruptionBudgetObject[];
}

/** A live autoscaler, disruption budget or further Service. */
export interface LiveBeside extends ReferenceBeside, PartialObject {
  readonly spec: object;
}

/** Reads the live objects of a service, in parallel. @param routed whether to read routes too. @default false */
export async function readLive(of: ServiceHandle, routed = false): Promise<Live> {
  const { api, namespace, service } = of;
  const [cluster, home, stable, canary, shared, canaryAccess, ingress, routes] = await Promise.all([
    clusterId(api),
    api.get(clusterObjectPath("Namespace", namespace)),
    readDeployment(of, "stable"),
    readDeployment(of, "canary"),
    readService(of),
    api.get(objectPath("Service", namespace, backendName(service, "canary"))),
    api.get(objectPath("Ingress", namespace, service)),
    routed ? readAllRoutes(of) : [],
  ]);
  return {
    cluster,
    namespaceExists: home !== undefined,
    deployments: { ...(stable && { stable }), ...(canary && { canary }) },
    front: { service: shared, canaryAccess, ingress, routes },
  };
}

/** Identifies the cluster: the UID of the namespace kube-system, which never changes. */
export async function clusterId(api: Cluster): Promise<string> {
  const kubeSystem = await api.get(clusterObjectPath("Namespace", "kube-system"));
  if (kubeSystem === undefined) throw new Error("the cluster has no namespace kube-system");
  return kubeSystem.metadata.uid;
}

/** The Deployment of a track; undefined if it does not exist. */
export function readDeployment(
  { api, namespace, service }: ServiceHandle,
  track: Track,
): Promise<DeploymentObject | undefined> {
  return api.get(objectPath("Deployment", namespace, deploymentName(service, track)));
}

/** Whether an object has the label of a service, as each object has that the program writes for it. */
export function isOf(service: string, { metadata }: { readonly metadata: Pick<Metadata, "labels"> }): boolean {
  return metadata.labels?.[serviceLabel] === service;
}

/** The shared Service in front of both tracks; undefined if it does not exist. */
export function readService({ api, namespace, service }: ServiceHandle): Promise<ServiceObject | undefined> {
  return api.get(objectPath("Service", namespace, service));
}

/**
 * The `pulumi up` that writes a track, for a message. It names the stack if the track's Deployment does.
 *
 * @example upOf(of, "canary") // "pulumi up --stack acme/shop/live"
 */
export function upOf({ deployments }: Pick<DeployedService, "deployments">, track: Track): string {
  const stack = deployments[track]?.metadata.annotations?.[stackAnnotation];
  return stack === undefined ? `pulumi up of the stack that owns ${track}` : `pulumi up --stack ${oneLine(stack)}`;
}

/** A Deployment, live or as the program describes it. */
export interface Wanted {
  readonly metadata?: Pick<Metadata, "annotations">;
  readonly spec: Pick<DeploymentObject["spec"], "replicas" | "template">;
}

/** The id of the release that a Deployment runs; for an adopted Deployment the id that it was adopted with. */
export function releaseOf(deployment: Wanted | undefined): string | undefined {
  const adopted = deployment?.metadata?.annotations?.[adoptedAnnotation];
  return adopted ?? deployment?.spec.template.metadata.labels?.release;
}

/** Whether a Deployment was adopted and not yet replaced by one of ours. */
export function isAdopted(deployment: DeploymentObject | undefined): deployment is DeploymentObject {
  return deployment?.metadata.annotations?.[adoptedAnnotation] !== undefined;
}

/** The id of the release that a Deployment runs; undefined for an adopted Deployment. */
export function ownReleaseOf(deployment: DeploymentObject | undefined): string | undefined {
  return isAdopted(deployment) ? undefined : releaseOf(deployment);
}

/** Whether all desired pods run the current template and are available, and no pod of an earlier template is left but terminating ones. */
export function isComplete({ metadata, spec, status }: DeploymentObject): boolean {
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    spec.replicas > 0 &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  );
}

/** Whether the Deployment runs this release completely. */
export function runs(deployment: DeploymentObject | undefined, release: string | undefined): boolean {
  return deployment !== undefined && releaseOf(deployment) === release && isComplete(deployment);
}

/** How many available pods run the current template. An unavailable pod counts as one of the current template. */
export function arrived({ metadata, status }: DeploymentObject): number {
  if ((status.observedGeneration ?? 0) < metadata.generation) return 0;
  const others = (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return Math.max(0, (status.availableReplicas ?? 0) - others);
}

/** Whether Kubernetes reports a stuck roll: no pod became available within progressDeadlineSeconds. */
export function isStuck({ metadata, status }: DeploymentObject): boolean {
  const current = (status.observedGeneration ?? 0) >= metadata.generation;
  return current && (status.conditions ?? []).some(({ reason }) => reason === "ProgressDeadlineExceeded");
}

/**
 * The ConfigMaps with config files that must not be deleted: those that a live pod, or a ReplicaSet with replicas, refers to. All of them if
 * pods or ReplicaSets cannot be read.
 *
 * @param files the files of the service's ConfigMaps, by name
 * @param specs what `podSpecsInUse` gives
 */
export function configMapsInUse(
  files: Readonly<Record<string, Files>>,
  specs: PodSpecsInUse,
): Readonly<Record<string, Files>> {
  if (specs === undefined) return files;
  const used = new Set(specs.flatMap(configMapsOf));
  return Object.fromEntries(Object.entries(files).filter(([name]) => used.has(name)));
}

/** The specs of pods that run or that a ReplicaSet may create; undefined if they cannot be read. */
export type PodSpecsInUse = readonly (PodObject["spec"] | PodSpec)[] | undefined;

/**
 * The specs of the live pods of a service, and of the ReplicaSets with replicas, which may create more.
 *
 * @param listed the live pods of the service
 * @returns undefined if the API server refuses to list pods or ReplicaSets
 * @throws Unreachable if it does not answer
 */
export async function podSpecsInUse(
  { api, namespace, service }: ServiceHandle,
  listed: Promise<readonly PodObject[]>,
): Promise<PodSpecsInUse> {
  try {
    const [pods, replicaSets] = await Promise.all([
      listed,
      api.list(listPath("ReplicaSet", namespace), `app=${service}`),
    ]);
    const templates = replicaSets.filter((set) => set.spec.replicas).map((set) => set.spec.template?.spec);
    return [...pods.map((pod) => pod.spec), ...templates].filter((spec) => spec !== undefined);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
