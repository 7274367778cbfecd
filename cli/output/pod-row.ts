/** The table row of a pod, for `gray status`. */
import { oneLine } from "../../border/foreign-text.ts";
import type { ContainerStatus, PodObject } from "../../kubernetes/objects/pod.ts";
import { containerStatusesOf, sidecarsOf } from "../../live/pods.ts";

export type { PodObject };

/** A pod as `kubectl get pod -o wide` prints it, with the release that it runs. */
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
 * The row of a pod. Native sidecars count as containers, and the reason why a container waits
 * replaces the phase of the pod.
 */
export function podRow(pod: PodObject): PodRow {
  const { metadata, spec, status } = pod;
  const containers = containerStatusesOf(pod);
  const waiting = initStatus(pod) ?? reasonOf(containers.find(reasonOf));
  return {
    name: metadata.name,
    ready: `${containers.filter((container) => container.ready).length}/${spec.containers.length + sidecarsOf(pod).length}`,
    status: metadata.deletionTimestamp ? "Terminating" : oneLine(waiting ?? status.phase),
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    created: metadata.creationTimestamp,
    ip: status.podIP ?? "<none>",
    node: spec.nodeName ?? "<none>",
    track: metadata.labels?.track ?? "<none>",
    release: metadata.labels?.release ?? "<none>",
  };
}

/** What keeps the init containers from completing, as kubectl prints it: `Init:0/2`, `Init:CrashLoopBackOff`. */
function initStatus({ spec, status }: PodObject): string | undefined {
  const all = spec.initContainers ?? [];
  const first = (status.initContainerStatuses ?? []).find(({ ready, started }) => !ready && !started);
  if (first === undefined) return undefined;
  const reason = reasonOf(first) ?? first.state?.terminated?.reason;
  const place = all.findIndex(({ name }) => name === first.name);
  return `Init:${reason === undefined || reason === "PodInitializing" ? `${place}/${all.length}` : reason}`;
}

function reasonOf(container: ContainerStatus | undefined): string | undefined {
  return container?.state?.waiting?.reason;
}

/** An age as kubectl prints it, in one unit or two: 15d, 4d21h, 32m5s, 8s. */
export function age(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600), Math.floor(seconds / 60)];
  if (days >= 10) return `${days}d`;
  if (days > 0) return `${days}d${hours % 24}h`;
  if (hours > 0) return `${hours}h${minutes % 60}m`;
  if (minutes > 0) return `${minutes}m${seconds % 60}s`;
  return `${seconds}s`;
}
