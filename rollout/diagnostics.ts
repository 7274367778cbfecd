import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pollingDefaults } from "../analysis/defaults.ts";
import type { Evidence } from "../analysis/evidence.ts";
import { inTurn } from "../analysis/providers/pods.ts";
import { oneLine } from "../border/foreign-text.ts";
import { nameInPath, pathOf } from "../border/path.ts";
import { deploymentName } from "../components/names.ts";
import type { Track } from "../components/traffic.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { type PodObject, readPods } from "../live/pods.ts";
import { type DiagnosticFile, diagnosticsName, storeDiagnostics } from "../record/diagnostics-store.ts";

/** Whose last words are saved, and where. */
export interface Dying {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  /** Id of the release. */
  readonly release: string;
  /** What was seen of it. @default nothing */
  readonly evidence?: Evidence;
  /** Folder on this machine; theirs becomes `<service>/<release>/<time>` in it. */
  readonly folder: string;
  /** Ends reading, and writing into the cluster; what was read by then is saved in the folder all the same. */
  readonly signal: AbortSignal;
  /** Seconds that reading may take, and as many that saving may. @default lookDefaults.lastWordsSeconds */
  readonly seconds?: number;
}

/** Lines of each log, the newest. */
const lines = 2000;
/** Characters of each log, the newest: what a few very long lines may take of this machine's memory. */
const characters = 512 * 1024;
/** Bytes that are asked for of one: what a node sends beyond them is left out, and those are the newest lines. */
const logBytes = 16 << 20;
/** What a node answers, as if it were the log, where it has removed the container: it keeps the last one that ended. */
const lost = "unable to retrieve container logs for ";
/** Characters of an Event's message: as many as Kubernetes lets it have. */
const eventCharacters = 1024;
/** Logs that are read; those of canary's pods come first, and of newer ones. */
const logsAtMost = 40;

/**
 * Saves what is left of a release before its pods go, in a folder and in the cluster:
 *
 * 1. the log of each container of its pods, on either track, and that of the one before where a container restarted and the
 *    node still has it;
 * 2. the Events of its pods (those that are gone already too), its ReplicaSets and their Deployments;
 * 3. the status of its pods;
 * 4. the evidence.
 *
 * It never throws and does not last: what cannot be read, or not in time, is missing and is named.
 * Neither environment nor spec of a pod is saved, but a log holds what the application wrote, secrets too if it writes them; so
 * the folder is its owner's alone, and in the cluster whoever may read the ConfigMaps of the namespace reads it.
 *
 * @returns where it was saved and what is missing, for a person
 */
export async function saveDiagnostics(dying: Dying): Promise<string> {
  try {
    return await save(dying);
  } catch (error) {
    return `The last words of ${dying.release} of ${dying.service} could not be saved (${inShort(error)}).`;
  }
}

async function save(dying: Dying): Promise<string> {
  const { api, namespace, service, release, evidence, folder, signal } = dying;
  const { seconds = pollingDefaults.diagnosticsSeconds } = dying;
  const limited = () => AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  const at = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const reading = new Reading(limited());
  const read = await readDiagnostics(api.until(reading.signal), namespace, service, release, reading);
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
    storeDiagnostics(api.until(writing), namespace, service, `${at}.${release}`, files),
  ]);
  const places = [
    ...(inFolder.status === "fulfilled" ? [inFolder.value] : []),
    ...(inCluster.status === "fulfilled"
      ? [`ConfigMap ${diagnosticsName(service)} of ${namespace}${without(inCluster.value)}`]
      : []),
  ];
  return [
    places.length > 0
      ? `The last words of ${release} of ${service} are in ${places.join(" and in ")}.`
      : `The last words of ${release} of ${service} could not be saved.`,
    ...(inFolder.status === "rejected" ? [`They are in no folder (${inShort(inFolder.reason)}).`] : []),
    ...(inCluster.status === "rejected" ? [`They are not in the cluster (${inShort(inCluster.reason)}).`] : []),
    ...reading.inWords(),
  ].join(" ");
}

const without = (names: readonly string[]) => (names.length > 0 ? `, without ${names.join(", ")}` : "");

/** What could not be read in the time there is. */
class Reading {
  readonly signal: AbortSignal;
  readonly missing: { readonly what: string; readonly why: string }[] = [];

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** What comes of it; where nothing does, that is noted. */
  async of<T>(what: string, pending: Promise<T>): Promise<T | undefined> {
    try {
      const came = await pending;
      // Lines that end with the signal end quietly.
      this.signal.throwIfAborted();
      return came;
    } catch (error) {
      this.misses(what, inShort(error));
      return undefined;
    }
  }

  misses(what: string, why: string): void {
    this.missing.push({ what, why });
  }

  /** A sentence on what is missing; none where nothing is. */
  inWords(): string[] {
    const [first, second] = this.missing;
    if (first === undefined) return [];
    const more = this.missing.length - 1;
    const others = more === 0 || second === undefined ? "" : more === 1 ? `, ${second.what}` : `, and ${more} more`;
    return [`Missing: ${first.what} (${first.why})${others}.`];
  }
}

async function readDiagnostics(
  api: Cluster,
  namespace: string,
  service: string,
  release: string,
  reading: Reading,
): Promise<DiagnosticFile[]> {
  const replicaSetsPath = pathOf("apis", "apps", "v1", "namespaces", namespace, "replicasets");
  const eventsPath = pathOf("api", "v1", "namespaces", namespace, "events");
  const [pods, replicaSets = [], events] = await Promise.all([
    reading.of("the pods and their logs", readPods(api, namespace, service)).then(async (all) => {
      const own = all?.filter(({ metadata }) => metadata.labels?.release === release).sort(canaryFirst);
      return own && { own, logs: await readLogs(api, namespace, own, reading) };
    }),
    reading.of("the ReplicaSets", api.list<ReplicaSetObject>(replicaSetsPath, `app=${service}`)),
    reading.of("the Events", api.list<EventObject>(eventsPath)),
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

/** How a pod is: whose it is, where it runs, and its status, but nothing of its spec. */
function statusOf({ metadata, spec, status }: PodObject): object {
  const { name, uid, creationTimestamp, deletionTimestamp, labels: { track, release } = {} } = metadata;
  return { name, uid, track, release, node: spec.nodeName, creationTimestamp, deletionTimestamp, status };
}

/** Each log of a pod's containers that there is: none of a container that never began. */
function logsOf({ metadata, status }: PodObject): { pod: string; container: string; previous: boolean }[] {
  const pod = metadata.name;
  return [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].flatMap(
    ({ name: container, state = {}, lastState = {} }) => [
      // While a container waits to start again, the node gives the previous log for its own.
      ...(state.running || state.terminated ? [{ pod, container, previous: false }] : []),
      ...(lastState.terminated ? [{ pod, container, previous: true }] : []),
    ],
  );
}

async function readLogs(
  api: Cluster,
  namespace: string,
  pods: readonly PodObject[],
  reading: Reading,
): Promise<DiagnosticFile[]> {
  const all = pods.flatMap(logsOf);
  if (all.length > logsAtMost) {
    reading.misses(`the logs of ${all.length - logsAtMost} more containers`, `${logsAtMost} logs are read`);
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
        // It becomes a file.
        nameInPath(name);
        const path = `${pathOf("api", "v1", "namespaces", namespace, "pods", pod, "log")}?${query}`;
        await readLines(api.lines(path, reading.signal), read);
      };
      await reading.of(oneLine(name), reads());
      if (read.length === 1 && read[0]?.startsWith(lost)) {
        // A node keeps one container that ended: where the present one has ended too, that of the one before is never there.
        if (!previous) reading.misses(oneLine(name), "the node has it no more");
        return { name, pod, text: "" };
      }
      return { name, pod, text: read.map((line) => `${line}\n`).join("") };
    },
  );
  return logs.filter(({ text }) => text !== "");
}

/** Puts the newest lines into a list, which holds what there was when it breaks off. */
async function readLines(from: AsyncIterable<string>, into: string[]): Promise<void> {
  let held = 0;
  for await (const line of from) {
    into.push(line);
    held += line.length;
    while (held > characters && into.length > 1) held -= into.shift()?.length ?? 0;
  }
}

interface ReplicaSetObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** An Event as the API server has it; the fields used here. Which of its times are set depends on who wrote it. */
interface EventObject {
  readonly metadata: { readonly creationTimestamp?: string | null };
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null } | null;
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

/** Events as lines, the oldest first. */
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

/** Writes the files into a new folder; where there is one already, into one beside it. Returns its path. */
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

/** Why something failed, in few words. */
function inShort(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "TimeoutError") return "no time was left";
  if (name === "AbortError") return "it was ended";
  return oneLine(message).replace(/\.$/, "");
}
