/** Saves diagnostics of a release before its pods are removed. */

import { pollingDefaults } from "../../analysis/defaults.ts";
import type { Evidence } from "../../analysis/evidence.ts";
import { deploymentName } from "../../components/names.ts";
import type { Track } from "../../components/traffic.ts";
import type { PodObject } from "../../kubernetes/objects/pod.ts";
import { listPath } from "../../kubernetes/resources.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { readPods } from "../../live/pods.ts";
import { type DiagnosticFile, diagnosticsName, storeDiagnostics } from "../../record/diagnostics-store.ts";
import { inLines, isAbout } from "./events.ts";
import { writeFolder } from "./folder.ts";
import { readLogs } from "./logs.ts";
import { Reading, shortReason } from "./reading.ts";

/** The release whose diagnostics are saved, and where. */
export interface DiagnosticsArgs extends ServiceHandle {
  /** Id of the release. */
  readonly release: string;
  /** The evidence on it. @default none */
  readonly evidence?: Evidence;
  /** Folder on this machine. The diagnostics are saved in `<service>/<release>/<time>` below it. */
  readonly folder: string;
  /** Ends reading, and writing into the cluster. What has been read by then is still saved in the folder. */
  readonly signal: AbortSignal;
  /** Most seconds for reading, and again for saving. @default pollingDefaults.diagnosticsSeconds */
  readonly seconds?: number;
}

/**
 * Saves diagnostics of a release before its pods are removed, in a folder and in the cluster:
 *
 * 1. the log of each container of its pods, on either track, and the log of the previous container if it restarted and
 *    the node still has it;
 * 2. the Events of its pods (also of pods that are gone), its ReplicaSets and their Deployments;
 * 3. the status of its pods;
 * 4. the evidence.
 *
 * It never throws, and its time is limited: files that cannot be read in time are left out and named.
 * Neither environment nor spec of a pod is saved. A log holds what the application wrote, even secrets. Therefore only
 * the folder's owner can read it; in the cluster, everyone with read access to the namespace's ConfigMaps can.
 *
 * @returns where it was saved and what is missing, for the user
 */
export async function saveDiagnostics(args: DiagnosticsArgs): Promise<string> {
  try {
    return await save(args);
  } catch (error) {
    return `The diagnostics of ${args.release} of ${args.service} could not be saved (${shortReason(error)}).`;
  }
}

async function save(args: DiagnosticsArgs): Promise<string> {
  const { namespace, service, release, evidence, folder, signal } = args;
  const { seconds = pollingDefaults.diagnosticsSeconds } = args;
  const limited = () => AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  const at = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const reading = new Reading(limited());
  const read = await readDiagnostics({ ...args, api: args.api.until(reading.signal) }, release, reading);
  const files = [
    ...(reading.missing.length > 0
      ? [{ name: "missing.txt", text: reading.missing.map(({ what, why }) => `${what}: ${why}\n`).join("") }]
      : []),
    ...(evidence ? [{ name: "evidence.json", text: `${JSON.stringify(evidence)}\n` }] : []),
    ...read,
  ];
  const writing = limited();
  const [inFolder, inCluster] = await Promise.allSettled([
    writeFolder(folder, [service, release, at], files),
    storeDiagnostics({ ...args, api: args.api.until(writing) }, `${at}.${release}`, files),
  ]);
  const places = [
    ...(inFolder.status === "fulfilled" ? [inFolder.value] : []),
    ...(inCluster.status === "fulfilled"
      ? [`ConfigMap ${diagnosticsName(service)} of ${namespace}${withoutFiles(inCluster.value)}`]
      : []),
  ];
  return [
    places.length > 0
      ? `The diagnostics of ${release} of ${service} are in ${places.join(" and in ")}.`
      : `The diagnostics of ${release} of ${service} could not be saved.`,
    ...(inFolder.status === "rejected"
      ? [`They could not be saved in a folder (${shortReason(inFolder.reason)}).`]
      : []),
    ...(inCluster.status === "rejected"
      ? [`They could not be stored in the cluster (${shortReason(inCluster.reason)}).`]
      : []),
    ...reading.inWords(),
  ].join(" ");
}

const withoutFiles = (names: readonly string[]) => (names.length > 0 ? `, without ${names.join(", ")}` : "");

async function readDiagnostics(of: ServiceHandle, release: string, reading: Reading): Promise<DiagnosticFile[]> {
  const { api, namespace, service } = of;
  const replicaSetsPath = listPath("ReplicaSet", namespace);
  const eventsPath = listPath("Event", namespace);
  const [pods, replicaSets = [], events] = await Promise.all([
    reading.of("the pods and their logs", readPods(of)).then(async (all) => {
      const own = all?.filter(({ metadata }) => metadata.labels?.release === release).sort(canaryFirst);
      return own && { own, logs: await readLogs(of, own, reading) };
    }),
    reading.of("the ReplicaSets", api.list(replicaSetsPath, `app=${service}`)),
    reading.of("the Events", api.list(eventsPath)),
  ]);
  const sets = replicaSets.filter(({ metadata }) => metadata.labels?.release === release);
  const about = {
    pods: new Set(pods?.own.map(({ metadata }) => metadata.name)),
    sets: sets.map(({ metadata }) => metadata.name),
    deployments: new Set(
      [{ metadata: { labels: { track: "canary" } } }, ...sets, ...(pods?.own ?? [])].map(({ metadata }) =>
        deploymentName(service, (metadata.labels?.track ?? "canary") as Track),
      ),
    ),
  };
  return [
    ...(pods ? [{ name: "pods.json", text: `${JSON.stringify(pods.own.map(statusOf), undefined, 1)}\n` }] : []),
    ...(events ? [{ name: "events.txt", text: inLines(events.filter((event) => isAbout(event, about))) }] : []),
    ...(pods?.logs ?? []),
  ];
}

function canaryFirst(a: PodObject, b: PodObject): number {
  const isCanary = ({ metadata }: PodObject) => Number(metadata.labels?.track === "canary");
  return isCanary(b) - isCanary(a) || b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp);
}

/** The status of a pod, with its labels and node, but without its spec. */
function statusOf({ metadata, spec, status }: PodObject): object {
  const { name, uid, creationTimestamp, deletionTimestamp, labels: { track, release } = {} } = metadata;
  return { name, uid, track, release, node: spec.nodeName, creationTimestamp, deletionTimestamp, status };
}
