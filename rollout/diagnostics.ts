/** Saves diagnostics of a release before its pods are removed. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pollingDefaults } from "../analysis/defaults.ts";
import type { Evidence } from "../analysis/evidence.ts";
import { inTurn } from "../analysis/providers/pods.ts";
import { oneLine } from "../border/foreign-text.ts";
import { nameInPath, pathOf } from "../border/path.ts";
import { deploymentName } from "../components/names.ts";
import type { Track } from "../components/traffic.ts";
import type { EventObject } from "../kubernetes/objects/event.ts";
import type { PodObject } from "../kubernetes/objects/pod.ts";
import { listPath, subresourcePath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { allContainersOf, readPods } from "../live/pods.ts";
import { type DiagnosticFile, diagnosticsName, storeDiagnostics } from "../record/diagnostics-store.ts";

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

/** Most lines of each log; the newest are saved. */
const lines = 2000;
/** Most characters of each log, the newest: very long lines must not fill this machine's memory. */
const characters = 512 * 1024;
/** Most bytes requested of one log. A node leaves out the rest, which are the newest lines. */
const logBytes = 16 << 20;
/**
 * A node answers with this text in place of the log if it has removed the container. It preserves the last ended
 * container.
 */
const removedLogPrefix = "unable to retrieve container logs for ";
/** Most characters of an Event's message, the limit of Kubernetes. */
const eventCharacters = 1024;
/** Most logs that are read: first those of canary's pods, and of newer pods. */
const logsAtMost = 40;

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

/** Reads within a time limit, and collects what could not be read. */
class Reading {
  readonly signal: AbortSignal;
  readonly missing: { readonly what: string; readonly why: string }[] = [];

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** The result; undefined, and noted as missing, if it fails. */
  async of<T>(what: string, pending: Promise<T>): Promise<T | undefined> {
    try {
      const result = await pending;
      // Reading lines ends without an error when the signal aborts.
      this.signal.throwIfAborted();
      return result;
    } catch (error) {
      this.addMissing(what, shortReason(error));
      return undefined;
    }
  }

  addMissing(what: string, why: string): void {
    this.missing.push({ what, why });
  }

  /** A sentence about what is missing; empty if nothing is. */
  inWords(): string[] {
    const [first, second] = this.missing;
    if (first === undefined) return [];
    const more = this.missing.length - 1;
    const others = more === 0 || second === undefined ? "" : more === 1 ? `, ${second.what}` : `, and ${more} more`;
    return [`Missing: ${first.what} (${first.why})${others}.`];
  }
}

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

/** The logs of a pod's containers. A container that never started has none. */
function logsOf(found: PodObject): { pod: string; container: string; previous: boolean }[] {
  const pod = found.metadata.name;
  return allContainersOf(found).flatMap(({ name: container, state = {}, lastState = {} }) => [
    // While a container waits for its restart, the node returns the previous log as the current one.
    ...(state.running || state.terminated ? [{ pod, container, previous: false }] : []),
    ...(lastState.terminated ? [{ pod, container, previous: true }] : []),
  ]);
}

async function readLogs(
  { api, namespace }: ServiceHandle,
  pods: readonly PodObject[],
  reading: Reading,
): Promise<DiagnosticFile[]> {
  const all = pods.flatMap(logsOf);
  if (all.length > logsAtMost) {
    reading.addMissing(`the logs of ${all.length - logsAtMost} more containers`, `${logsAtMost} logs are read`);
  }
  const logs = await inTurn(
    all.slice(0, logsAtMost),
    pollingDefaults.podsAtOnce,
    async ({ pod, container, previous }) => {
      const name = `${pod}.${container}${previous ? ".previous" : ""}.log`;
      const query = new URLSearchParams({
        container,
        timestamps: "true",
        tailLines: String(lines),
        limitBytes: String(logBytes),
      });
      if (previous) query.set("previous", "true");
      const read: string[] = [];
      const reads = async () => {
        // The name becomes a file name.
        nameInPath(name);
        const path = `${subresourcePath("Pod", namespace, pod, "log")}?${query}`;
        await readLines(api.lines(path, reading.signal), read);
      };
      await reading.of(oneLine(name), reads());
      if (read.length === 1 && read[0]?.startsWith(removedLogPrefix)) {
        // A node preserves one ended container. If the current container has ended too, the log of the previous one is
        // never available.
        if (!previous) reading.addMissing(oneLine(name), "the node no longer has it");
        return { name, pod, text: "" };
      }
      return { name, pod, text: read.map((line) => `${line}\n`).join("") };
    },
  );
  return logs.filter(({ text }) => text !== "");
}

/** Collects the newest lines in a list, which stays usable if reading breaks off. */
async function readLines(from: AsyncIterable<string>, into: string[]): Promise<void> {
  let held = 0;
  for await (const line of from) {
    into.push(line);
    held += line.length;
    while (held > characters && into.length > 1) held -= into.shift()?.length ?? 0;
  }
}

interface About {
  readonly pods: ReadonlySet<string>;
  readonly sets: readonly string[];
  readonly deployments: ReadonlySet<string>;
}

function isAbout({ involvedObject: { kind, name = "" } }: EventObject, { pods, sets, deployments }: About): boolean {
  if (kind === "Deployment") return deployments.has(name);
  if (kind === "ReplicaSet") return sets.includes(name);
  return kind === "Pod" && (pods.has(name) || sets.some((set) => name.startsWith(`${set}-`)));
}

/** Events as lines, oldest first. */
function inLines(events: readonly EventObject[]): string {
  const rows = events.map((event) => {
    const { involvedObject, type = "", reason = "", message = "", series } = event;
    const count = series?.count ?? event.count ?? 1;
    const times = [series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.metadata.creationTimestamp];
    const at = times.find((time) => time) ?? "";
    const text = oneLine(message.trim().replaceAll(/\s*\n\s*/g, " | "), eventCharacters);
    const what = `${involvedObject.kind} ${involvedObject.name}`;
    const head = oneLine(`${at} ${type} ${reason}${count > 1 ? ` (${count} times)` : ""} ${what}`);
    return `${head}: ${text}\n`;
  });
  return rows.sort().join("");
}

/** Writes the files into a new folder and returns its path. If the folder exists, it creates one beside it. */
async function writeFolder(
  folder: string,
  names: readonly string[],
  files: readonly DiagnosticFile[],
): Promise<string> {
  const made = await makeFolder(join(folder, pathOf(...names)));
  await Promise.all(
    files.map(({ name, text }) => writeFile(join(made, nameInPath(name)), text, { flag: "wx", mode: 0o600 })),
  );
  return made;
}

async function makeFolder(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let place = 1; ; place++) {
    const made = place === 1 ? path : `${path}-${place}`;
    try {
      await mkdir(made, { mode: 0o700 });
      return made;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Why something failed, in a few words. */
function shortReason(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "TimeoutError") return "the time limit was reached";
  if (name === "AbortError") return "it was stopped";
  return oneLine(message).replace(/\.$/, "");
}
