/** Why pods that were created do not start, in Kubernetes' own words. */

import { oneLine } from "../border/foreign-text.ts";
import type { EventObject } from "../kubernetes/objects/event.ts";
import type { PodObject } from "../kubernetes/objects/pod.ts";
import { listPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { allContainersOf } from "./pods.ts";

/** Why a pod does not start. */
export interface NotStarting {
  /** A clause for the user. */
  readonly why: string;
  /** Whether the cause seldom disappears by itself. */
  readonly isFatal: boolean;
}

/** The kubelet's reasons why a container does not start that seldom disappear by themselves. */
const fatalReasons = new Set([
  ...["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"],
  ...["CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"],
]);
/** Reasons whose message says no more than the reason. */
const plainReasons = new Set(["CrashLoopBackOff"]);
/** The kubelet's reasons for a pod whose containers wait for something. */
const waitingReasons = new Set(["ContainerCreating", "PodInitializing"]);
/** Reasons of Events about a pod that waits for its volumes or its network. The pod's own status does not have them. */
const eventReasons = new Set(["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"]);
/** Longest message of Kubernetes within a reason, in characters. */
const messageLimit = 160;
/** Milliseconds after its creation at which a pod usually has its volumes. */
const mountMilliseconds = 5000;

/**
 * Why one of these pods does not start; undefined if there is no known reason.
 *
 * 1. A container has a reason of the kubelet that seldom disappears: its image, its configuration, or a crash loop. It is fatal.
 * 2. The scheduler has no node for it: nodes are full, or none matches. A cluster autoscaler may add nodes, so it is not fatal.
 * 3. An Event reports that its volumes cannot be mounted, or its network cannot be made: not fatal, because the kubelet tries again.
 *
 * A PodDisruptionBudget is no such reason: it only limits evictions, and a Deployment's roll deletes pods.
 *
 * @param events those of the namespace. @default none
 * @example notStarting(pods)?.why // "pod web-1 cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu"
 */
export function notStarting(pods: readonly PodObject[], events: readonly EventObject[] = []): NotStarting | undefined {
  for (const pod of pods) {
    for (const { name, state } of allContainersOf(pod)) {
      const { reason, message } = state?.waiting ?? {};
      if (reason === undefined || !fatalReasons.has(reason)) continue;
      const why = `container ${name} of pod ${pod.metadata.name} does not start: ${reason}`;
      const more = message === undefined || plainReasons.has(reason) ? "" : ` (${shortened(message)})`;
      return { why: `${why}${more}`, isFatal: true };
    }
  }
  for (const { metadata, status } of pods) {
    const unscheduled = (status.conditions ?? []).find(
      ({ type, status, reason }) => type === "PodScheduled" && status === "False" && reason === "Unschedulable",
    );
    if (!unscheduled) continue;
    const { message = "no node matches" } = unscheduled;
    return { why: `pod ${metadata.name} cannot be scheduled: ${shortened(message)}`, isFatal: false };
  }
  for (const pod of pods.filter(isWaiting)) {
    const { name } = pod.metadata;
    const event = events.findLast(
      ({ type, reason = "", involvedObject }) =>
        type === "Warning" && eventReasons.has(reason) && involvedObject.kind === "Pod" && involvedObject.name === name,
    );
    if (event) return { why: `pod ${name} waits: ${event.reason} (${shortened(event.message ?? "")})`, isFatal: false };
  }
  return undefined;
}

/** A message of Kubernetes within a sentence. */
function shortened(message: string): string {
  return oneLine(message, messageLimit).replace(/ ?\.$/, "");
}

/** Whether a pod has a node, and none of its containers was made yet. */
function isWaiting(pod: PodObject): boolean {
  const containers = allContainersOf(pod);
  return (
    pod.spec.nodeName !== undefined &&
    pod.status.phase === "Pending" &&
    containers.every(({ state }) => state?.waiting === undefined || waitingReasons.has(state.waiting.reason ?? "")) &&
    containers.some(({ state }) => state?.waiting !== undefined)
  );
}

/**
 * Reads why one of these pods does not start, as {@link notStarting} says it. Events are read only if a pod has been waiting for
 * a while, and are left out if they may not be.
 */
export async function whyNotStarting(
  { api, namespace }: ServiceHandle,
  pods: readonly PodObject[],
): Promise<NotStarting | undefined> {
  const known = notStarting(pods);
  const waits = (pod: PodObject) =>
    isWaiting(pod) && Date.now() - Date.parse(pod.metadata.creationTimestamp) >= mountMilliseconds;
  if (known || !pods.some(waits)) return known;
  return notStarting(pods, await api.list(listPath("Event", namespace)).catch(() => []));
}

/** The pods of a track that run a release. */
export function podsOf(pods: readonly PodObject[], track: string, release: string): PodObject[] {
  return pods.filter(({ metadata: { labels = {} } }) => labels.track === track && labels.release === release);
}

/** Milliseconds for which a cause must last before it is reported: a registry may fail briefly. */
const reportedMilliseconds = 5000;

/** Reports each cause once, as soon as it has lasted for a few seconds. Pods that fail in turn for one cause are one. */
export function causeReporter(report: (cause: NotStarting) => void): (cause: NotStarting | undefined) => void {
  let since: number | undefined;
  const reported = new Set<string>();
  return (cause) => {
    const now = Date.now();
    since = cause && (since ?? now);
    if (cause === undefined || since === undefined || now - since < reportedMilliseconds) return;
    const kind = cause.why.replace(/(of )?pod \S+/, "");
    if (reported.has(kind)) return;
    reported.add(kind);
    report(cause);
  };
}
