import type { Pod } from "../analysis/reading.ts";
import type { Cluster } from "./cluster.ts";

interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

/** A pod as the API server has it; the fields used here. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly (Container & { readonly restartPolicy?: string })[];
  };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** The pods of both tracks of a service, without those that came to their end: an evicted pod stays listed for long. */
export async function listPods(api: Cluster, namespace: string, service: string): Promise<Pod[]> {
  const pods = await api.list<PodObject>(`/api/v1/namespaces/${namespace}/pods`, `app=${service}`);
  return pods.filter(({ status }) => status.phase !== "Succeeded" && status.phase !== "Failed").flatMap(observed);
}

/** A pod as the analysis sees it; nothing where it is of no track or no release. */
function observed(pod: PodObject): Pod[] {
  const { name, uid, deletionTimestamp, labels: { track, release } = {}, annotations = {} } = pod.metadata;
  if (track === undefined || release === undefined) return [];
  return [
    {
      name,
      uid,
      release,
      track,
      ready: (pod.status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True"),
      ending: deletionTimestamp !== undefined,
      restarts: containersOf(pod).reduce((sum, { restartCount }) => sum + restartCount, 0),
      annotations,
      ports: [...pod.spec.containers, ...sidecarsOf(pod)].flatMap(({ ports = [] }) => ports),
    },
  ];
}

/** The init containers that keep running; they count as containers, as kubectl counts them (KEP-753). */
export function sidecarsOf({ spec }: PodObject): readonly Container[] {
  return (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
}

/** How the containers of a pod are, native sidecars included. */
export function containersOf(pod: PodObject): readonly ContainerStatus[] {
  const sidecars = new Set(sidecarsOf(pod).map(({ name }) => name));
  const ofSidecars = (pod.status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  return [...(pod.status.containerStatuses ?? []), ...ofSidecars];
}
