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
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Record<string, string>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: object[];
    readonly initContainers?: { readonly name: string; readonly restartPolicy?: string }[];
  };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: ContainerStatus[];
    readonly initContainerStatuses?: ContainerStatus[];
  };
}

/** A pod as `kubectl get pod -o wide` shows it, with the release that it runs. */
export interface PodRow {
  readonly name: string;
  readonly ready: string;
  readonly status: string;
  readonly restarts: number;
  /** RFC 3339. */
  readonly created: string;
  readonly ip: string;
  readonly node: string;
  readonly track: string;
  readonly release: string;
}

/**
 * The row of a pod. Native sidecars count as containers, as kubectl counts them (KEP-753), and what a container waits for
 * says more than the pod's phase.
 */
export function podRow({ metadata, spec, status }: PodObject): PodRow {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const ofSidecars = (status.initContainerStatuses ?? []).filter((one) =>
    sidecars.some(({ name }) => name === one.name),
  );
  const containers = [...(status.containerStatuses ?? []), ...ofSidecars];
  const waiting = containers.find((container) => container.state?.waiting?.reason)?.state?.waiting?.reason;
  return {
    name: metadata.name,
    ready: `${containers.filter((container) => container.ready).length}/${spec.containers.length + sidecars.length}`,
    status: metadata.deletionTimestamp ? "Terminating" : (waiting ?? status.phase),
    restarts: containers.reduce((sum, container) => sum + container.restartCount, 0),
    created: metadata.creationTimestamp,
    ip: status.podIP ?? "<none>",
    node: spec.nodeName ?? "<none>",
    track: metadata.labels?.track ?? "<none>",
    release: metadata.labels?.release ?? "<none>",
  };
}

/** An age as kubectl writes it, in its two largest units where that says more: 15d, 4d21h, 32m, 8s. */
export function age(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600), Math.floor(seconds / 60)];
  if (days >= 10) return `${days}d`;
  if (days > 0) return `${days}d${hours % 24}h`;
  if (hours > 0) return `${hours}h${minutes % 60}m`;
  if (minutes > 0) return `${minutes}m${seconds % 60}s`;
  return `${seconds}s`;
}
