/** Reads the pods of a service. */

import type { Pod } from "../analysis/reading.ts";
import type { Container, ContainerStatus, PodObject } from "../kubernetes/objects/pod.ts";
import { listPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { readAdopted } from "../record/record-store.ts";
import { showLabels } from "./labels.ts";

/** The pods of both tracks of a service. Adopted pods get the labels of stable in the result, not in the cluster. */
export async function readPods(of: ServiceHandle): Promise<PodObject[]> {
  const { api, namespace, service } = of;
  const path = listPath("Pod", namespace);
  const [ours, adopted] = await Promise.all([api.list(path, `app=${service}`), readAdopted(of)]);
  if (!adopted) return ours;
  const behind = await api.list(path, showLabels(adopted.front));
  const before = behind
    .filter(({ metadata }) => metadata.labels?.track === undefined)
    .map((pod) => {
      const labels = { ...pod.metadata.labels, track: "stable", release: adopted.release };
      return { ...pod, metadata: { ...pod.metadata, labels } };
    });
  const seen = new Set(before.map(({ metadata }) => metadata.uid));
  return [...ours.filter(({ metadata }) => !seen.has(metadata.uid)), ...before];
}

/** The pods of both tracks of a service, without finished ones, because an evicted pod stays listed for long. */
export async function listPods(of: ServiceHandle): Promise<Pod[]> {
  const pods = await readPods(of);
  return pods.filter(({ status }) => status.phase !== "Succeeded" && status.phase !== "Failed").flatMap(observed);
}

/** Whether a pod is ready, so that it gets requests. */
export function isReady({ status }: PodObject): boolean {
  return (status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}

/** A pod for the analysis; empty if the pod has no track or no release. */
function observed(pod: PodObject): Pod[] {
  const { name, uid, deletionTimestamp, labels: { track, release } = {}, annotations = {} } = pod.metadata;
  if (track === undefined || release === undefined) return [];
  const containers = [...pod.spec.containers, ...sidecarsOf(pod)];
  const ports = containers.flatMap(({ ports = [] }) => ports);
  const probes = containers
    .flatMap(({ readinessProbe, livenessProbe }) => [readinessProbe, livenessProbe])
    .flatMap((probe) => (probe?.httpGet ? [1 / (probe.periodSeconds ?? defaultPeriodSeconds)] : []));
  const lingers = containers.some(({ lifecycle }) => lifecycle?.preStop !== undefined);
  return [
    {
      name,
      uid,
      release,
      track,
      ready: isReady(pod),
      terminating: deletionTimestamp !== undefined,
      restarts: containerStatusesOf(pod).reduce((sum, { restartCount }) => sum + restartCount, 0),
      annotations,
      ...(!lingers && { endsAtOnce: true }),
      ports,
      ...(servesGrpc(containers) && { grpc: true }),
      ...(probes.length > 0 && { probes }),
    },
  ];
}

/** Kubernetes's default of a probe's `periodSeconds`. */
const defaultPeriodSeconds = 10;

/** By its readiness probe, or by the name of its first port: Istio and Kubernetes's appProtocol have names that begin so too. */
function servesGrpc(containers: readonly Container[]): boolean {
  const [first] = containers.flatMap(({ ports = [] }) => ports);
  return /^grpc(-|$)/.test(first?.name ?? "") || containers.some(({ readinessProbe }) => readinessProbe?.grpc);
}

/** The native sidecars of a pod: init containers that keep running (KEP-753). kubectl counts them as containers too. */
export function sidecarsOf({ spec }: PodObject): readonly Container[] {
  return (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
}

/** The status of each container of a pod, including native sidecars, without the init containers that run to completion. */
export function containerStatusesOf(pod: PodObject): readonly ContainerStatus[] {
  const sidecars = new Set(sidecarsOf(pod).map(({ name }) => name));
  const ofSidecars = (pod.status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  return [...(pod.status.containerStatuses ?? []), ...ofSidecars];
}

/** The status of each container of a pod, including every init container. */
export function allContainerStatusesOf({ status }: PodObject): readonly ContainerStatus[] {
  return [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
}
