import type { Files } from "../components/config-files.ts";
import { deploymentName } from "../components/names.ts";
import { configMapsOf, type PodSpec } from "../components/release.ts";
import { type Track, tracks } from "../components/traffic.ts";
import { ApiError, type Cluster } from "./cluster.ts";

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
  readonly metadata: Metadata;
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels?: Record<string, string> };
    readonly template: { readonly metadata: { readonly labels?: Record<string, string> }; readonly spec: PodSpec };
  };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

interface ServiceObject {
  readonly metadata: Metadata;
  readonly spec: { readonly selector?: Record<string, string> };
}

/** What stands in the cluster of one service. */
export interface Live {
  /** UID of the kube-system namespace. */
  readonly cluster: string;
  readonly namespaceExists: boolean;
  readonly deployments: Partial<Record<Track, DeploymentObject>>;
  readonly service: ServiceObject | undefined;
}

/** Reads what stands; four small requests at once. */
export async function readLive(api: Cluster, namespace: string, service: string): Promise<Live> {
  const [cluster, home, stable, canary, front] = await Promise.all([
    clusterId(api),
    api.get(`/api/v1/namespaces/${namespace}`),
    ...tracks.map((track) => readDeployment(api, namespace, service, track)),
    api.get<ServiceObject>(`/api/v1/namespaces/${namespace}/services/${service}`),
  ] as const);
  return {
    cluster,
    namespaceExists: home !== undefined,
    deployments: {
      ...(stable && { stable: stable as DeploymentObject }),
      ...(canary && { canary: canary as DeploymentObject }),
    },
    service: front as ServiceObject | undefined,
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

/** The id of the release that a Deployment's template is made of. */
export function releaseOf(deployment: DeploymentObject | undefined): string | undefined {
  return deployment?.spec.template.metadata.labels?.release;
}

/** Whether every wanted pod runs the present template, is available, and no pod of another template is left. */
export function isComplete({ metadata, spec, status }: DeploymentObject): boolean {
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    spec.replicas > 0 &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  );
}

/** Whether Kubernetes says that a roll came to a stop: no pod became available within progressDeadlineSeconds. */
export function isStuck({ metadata, status }: DeploymentObject): boolean {
  const current = (status.observedGeneration ?? 0) >= metadata.generation;
  return current && (status.conditions ?? []).some(({ reason }) => reason === "ProgressDeadlineExceeded");
}

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
    `gray-release/service=${service}`,
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
