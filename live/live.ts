import { oneLine } from "../border/foreign-text.ts";
import type { Files } from "../components/config-files.ts";
import { adoptedAnnotation, backendName, deploymentName, serviceLabel } from "../components/names.ts";
import { configMapsOf, type PodSpec } from "../components/release.ts";
import type { Track } from "../components/traffic.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import type { FieldOwner } from "./field-owners.ts";
import { type RouteObject, readRoutes } from "./routes.ts";

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** A Deployment as the API server has it; the fields used here. */
export interface DeploymentObject {
  readonly metadata: Metadata & {
    readonly resourceVersion?: string;
    readonly managedFields?: readonly FieldOwner[];
  };
  readonly spec: {
    readonly replicas: number;
    readonly selector: {
      readonly matchLabels?: Record<string, string>;
      readonly matchExpressions?: readonly object[];
    };
    readonly template: {
      readonly metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
      readonly spec: PodSpec;
    };
  };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

interface FrontObject {
  readonly metadata: Metadata;
}

/** A Service as the API server has it; the fields used here. */
export interface ServiceObject extends FrontObject {
  readonly spec: { readonly selector?: Record<string, string> };
}

/** What stands in the cluster of one service. */
export interface Live {
  /** UID of the kube-system namespace. */
  readonly cluster: string;
  readonly namespaceExists: boolean;
  readonly deployments: Partial<Record<Track, DeploymentObject>>;
  readonly front: {
    readonly service: ServiceObject | undefined;
    readonly canaryAccess: FrontObject | undefined;
    readonly ingress: FrontObject | undefined;
    /** The HTTPRoutes; none where nobody asked for them. */
    readonly routes: readonly RouteObject[];
  };
}

/** Reads what stands; small requests, all at once. @param routed whether a gateway is asked for routes too */
export async function readLive(api: Cluster, namespace: string, service: string, routed = false): Promise<Live> {
  const here = `/api/v1/namespaces/${namespace}`;
  const [cluster, home, stable, canary, shared, canaryAccess, ingress, routes] = await Promise.all([
    clusterId(api),
    api.get(here),
    readDeployment(api, namespace, service, "stable"),
    readDeployment(api, namespace, service, "canary"),
    readService(api, namespace, service),
    api.get<FrontObject>(`${here}/services/${backendName(service, "canary")}`),
    api.get<FrontObject>(`/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${service}`),
    routed ? readRoutes(api, namespace, service) : [],
  ]);
  return {
    cluster,
    namespaceExists: home !== undefined,
    deployments: { ...(stable && { stable }), ...(canary && { canary }) },
    front: { service: shared, canaryAccess, ingress, routes },
  };
}

/** What tells this cluster from any other: it is made with the cluster and never changes. */
export async function clusterId(api: Cluster): Promise<string> {
  const kubeSystem = await api.get<{ metadata: Metadata }>("/api/v1/namespaces/kube-system");
  if (kubeSystem === undefined) throw new Error("the cluster has no namespace kube-system");
  return kubeSystem.metadata.uid;
}

export function readDeployment(
  api: Cluster,
  namespace: string,
  service: string,
  track: Track,
): Promise<DeploymentObject | undefined> {
  return api.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${deploymentName(service, track)}`);
}

/** The Service in front of both tracks. */
export function readService(api: Cluster, namespace: string, service: string): Promise<ServiceObject | undefined> {
  return api.get(`/api/v1/namespaces/${namespace}/services/${service}`);
}

/** A Deployment, live or as a program wants it. */
export interface Wanted {
  readonly metadata?: Pick<Metadata, "annotations">;
  readonly spec: Pick<DeploymentObject["spec"], "replicas" | "template">;
}

/** The id of the release that a Deployment's template is made of; of one that was there before us, what it ran then. */
export function releaseOf(deployment: Wanted | undefined): string | undefined {
  const adopted = deployment?.metadata?.annotations?.[adoptedAnnotation];
  return adopted ?? deployment?.spec.template.metadata.labels?.release;
}

/** Whether a Deployment was there before us, and its pods are still as they were. */
export function isAdopted(deployment: DeploymentObject | undefined): deployment is DeploymentObject {
  return deployment?.metadata.annotations?.[adoptedAnnotation] !== undefined;
}

/** The id of the release that a Deployment's template is made of; undefined of one that was there before us. */
export function madeOf(deployment: DeploymentObject | undefined): string | undefined {
  return isAdopted(deployment) ? undefined : releaseOf(deployment);
}

/** Whether every wanted pod runs the present template and is available, and none of another is left but those that end. */
export function isComplete({ metadata, spec, status }: DeploymentObject): boolean {
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    spec.replicas > 0 &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  );
}

/** Whether the Deployment runs this release, completely. */
export function runs(deployment: DeploymentObject | undefined, release: string | undefined): boolean {
  return deployment !== undefined && releaseOf(deployment) === release && isComplete(deployment);
}

/** How many available pods run the present template; one that is missing is taken for one of them. */
export function arrived({ metadata, status }: DeploymentObject): number {
  if ((status.observedGeneration ?? 0) < metadata.generation) return 0;
  const others = (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return Math.max(0, (status.availableReplicas ?? 0) - others);
}

/** Whether Kubernetes says that a roll came to a stop: no pod became available within progressDeadlineSeconds. */
export function isStuck({ metadata, status }: DeploymentObject): boolean {
  const current = (status.observedGeneration ?? 0) >= metadata.generation;
  return current && (status.conditions ?? []).some(({ reason }) => reason === "ProgressDeadlineExceeded");
}

/** Characters of what forbids pods: with the words around it, it is to fit into a reason. */
const refusalLimit = 200;

/**
 * Why pods of a Deployment's present template cannot be created, in the API server's words (quota, admission, a ServiceAccount that does
 * not exist); undefined where they can.
 *
 * The condition of the Deployment alone does not tell: where the ReplicaSet of the present template has no failure, the Deployment shows
 * that of one which it rolls away from (getReplicaFailures, k8s.io/kubernetes, pkg/controller/deployment/progress.go). So a rollback would
 * seem impossible for what the bad release was refused.
 */
export async function podsRefused(api: Cluster, deployment: DeploymentObject): Promise<string | undefined> {
  const { metadata, status } = deployment;
  const current = (status.observedGeneration ?? 0) >= metadata.generation;
  const failure = replicaFailure(status);
  if (!current || failure === undefined) return undefined;
  const present = await presentReplicaSet(api, deployment);
  const own = present === undefined ? failure : replicaFailure(present.status);
  return own && oneLine(own.message ?? own.reason ?? "for an unknown reason", refusalLimit);
}

function replicaFailure({ conditions = [] }: Pick<DeploymentObject["status"], "conditions">) {
  return conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
}

interface ReplicaSetObject {
  readonly metadata: Pick<Metadata, "annotations"> & { readonly ownerReferences?: readonly { readonly uid: string }[] };
  readonly status: Pick<DeploymentObject["status"], "conditions">;
}

/** The ReplicaSet of a Deployment's present template; undefined where none is seen yet, or where ReplicaSets may not be listed. */
async function presentReplicaSet(
  api: Cluster,
  { metadata, spec }: DeploymentObject,
): Promise<ReplicaSetObject | undefined> {
  const revision = "deployment.kubernetes.io/revision";
  const labels = Object.entries(spec.selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  const path = `/apis/apps/v1/namespaces/${metadata.namespace}/replicasets`;
  const sets = await api.list<ReplicaSetObject>(path, labels.join(",")).catch((error: Error): ReplicaSetObject[] => {
    if (error instanceof ApiError && error.status === 403) return [];
    throw error;
  });
  return sets.find(
    (set) =>
      set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true &&
      set.metadata.annotations?.[revision] === metadata.annotations?.[revision],
  );
}

/** The same for a person, without its full stop. */
export function describeRefused(deployment: string, why: string): string {
  return `no pod of Deployment ${deployment} can be created, so mend what forbids it or release another: ${why}`;
}

/** Whether it is for a ResourceQuota that no pod can be created. */
export function isOfQuota(why: string): boolean {
  return why.includes("exceeded quota");
}

/**
 * Whether pods that end make room for those that are refused: a quota counts a pod until it is gone (k8s.io/kubernetes,
 * pkg/quota/v1/evaluator/core/pods.go).
 */
export function makesRoom(
  why: string,
  pods: readonly { readonly metadata: { readonly deletionTimestamp?: string } }[],
) {
  return isOfQuota(why) && pods.some(({ metadata }) => metadata.deletionTimestamp !== undefined);
}

/**
 * Milliseconds for which pods may be refused before that is told: an admission webhook that rolls does not answer for a moment.
 */
export const refusedMilliseconds = 15_000;

/**
 * The ConfigMaps of a service that must not go: those that a live pod, or a ReplicaSet with replicas, refers to. All of
 * them where that cannot be read.
 */
export async function configMapsInUse(
  api: Cluster,
  namespace: string,
  service: string,
): Promise<Record<string, Files>> {
  interface Owner {
    readonly spec: PodSpec & { readonly replicas?: number; readonly template?: { readonly spec: PodSpec } };
  }
  const ours = await api.list<{ metadata: Metadata; immutable?: boolean; data?: Files }>(
    `/api/v1/namespaces/${namespace}/configmaps`,
    `${serviceLabel}=${service}`,
  );
  const contents = Object.fromEntries(
    ours.filter((map) => map.immutable).map((map) => [map.metadata.name, map.data ?? {}]),
  );
  try {
    const [pods, replicaSets] = await Promise.all([
      api.list<Owner>(`/api/v1/namespaces/${namespace}/pods`, `app=${service}`),
      api.list<Owner>(`/apis/apps/v1/namespaces/${namespace}/replicasets`, `app=${service}`),
    ]);
    const specs = [
      ...pods.map((pod) => pod.spec),
      ...replicaSets.filter((set) => set.spec.replicas).map((set) => set.spec.template?.spec),
    ];
    const used = new Set(specs.flatMap((spec) => (spec ? configMapsOf(spec) : [])));
    return Object.fromEntries(Object.entries(contents).filter(([name]) => used.has(name)));
  } catch (error) {
    if (error instanceof ApiError) return contents;
    throw error;
  }
}
