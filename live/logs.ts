import { setTimeout as sleep } from "node:timers/promises";
import { pathOf } from "../border/path.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import { type PodObject, readPods } from "./pods.ts";

/** One line of a pod's log. */
export interface LogLine {
  readonly track: string;
  readonly release?: string;
  readonly pod: string;
  readonly container: string;
  /** When it was written, by the node's clock, as RFC 3339 with nanoseconds. */
  readonly at: string;
  readonly text: string;
}

export interface FollowArgs {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  /** @default both */
  readonly track?: Track;
  /** @default the first container of the pod, which is none of its sidecars */
  readonly container?: string;
  /** How far back to begin, in seconds. @default each pod's last 10 lines */
  readonly sinceSeconds?: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Takes a line. Each pod's lines come in their order; the next one waits until this one is taken. */
  readonly take: (line: LogLine) => void | Promise<void>;
  /** Takes a sentence about the following itself. */
  readonly note: (sentence: string) => void;
  /** Milliseconds from one listing of the pods to the next. @default 2000 */
  readonly every?: number;
}

/** Lines of each pod that stands at the start, where no time is given: as many as kubectl shows for a selector. */
const tail = 10;

/**
 * Follows the logs of a service's pods until the signal ends it.
 *
 * 1. Every pod of the tracks is followed, from its first line where it came after the start.
 * 2. A stream that ends or breaks is taken up again at the next listing, for as long as its pod is there.
 * 3. What was shown is not shown again, and what came meanwhile is, as far as the node still has it.
 * 4. A pod that is gone, or that came to its end, is let go.
 * 5. A cluster that does not answer for a while is waited for, and said once.
 *
 * @throws Refusal if no pod has the container, ApiError if the logs may not be read
 */
export async function followLogs(args: FollowArgs): Promise<void> {
  const { api, namespace, service, track, container, note, every = 2000 } = args;
  const failed = new AbortController();
  const signal = AbortSignal.any([args.signal, failed.signal]);
  const followed = new Map<string, Followed>();
  let first = true;
  let told: string | undefined;
  const tell = (sentence: string | undefined) => {
    if (sentence !== undefined && sentence !== told) note(sentence);
    told = sentence;
  };
  while (!signal.aborted) {
    const pods = await readPods(api, namespace, service).catch((error: Error) => {
      if (first || isFinal(error)) throw error;
      if (!signal.aborted) tell(`${error.message.replace(/\.?$/, ".")} Waiting for it.`);
      return undefined;
    });
    if (pods !== undefined) {
      const chosen = pods.filter((pod) => isFollowed(pod, track));
      if (container !== undefined) assertContainer(service, container, chosen);
      tell(chosen.length === 0 ? `${service} has no pod${track ? ` on ${track}` : ""} yet: waiting.` : undefined);
      letGo(followed, pods);
      for (const pod of chosen) {
        const known = followed.get(pod.metadata.uid) ?? new Followed(first ? fromStart(args) : {});
        followed.set(pod.metadata.uid, known);
        if (known.open || !hasContainer(pod, container)) continue;
        follow({ ...args, signal }, pod, known).catch((error) => failed.abort(error));
      }
      first = false;
    }
    await sleep(every, undefined, { signal }).catch(() => {});
  }
  if (failed.signal.aborted) throw failed.signal.reason;
}

/** Where in a pod's log one is. */
class Followed {
  open = false;
  /** Where to begin, as the API has it. */
  from: Readonly<Record<string, string>>;
  /** The second of the latest line, and how often each of its lines was shown: the API begins at whole seconds only. */
  second = "";
  shown = new Map<string, number>();

  constructor(from: Readonly<Record<string, string>>) {
    this.from = from;
  }

  /** Notes a line as shown. */
  add(second: string, line: string): void {
    if (second > this.second) {
      this.second = second;
      this.shown = new Map();
      this.from = { sinceTime: second };
    }
    this.shown.set(line, (this.shown.get(line) ?? 0) + 1);
  }
}

async function follow(args: FollowArgs, { metadata, spec }: PodObject, known: Followed): Promise<void> {
  const { api, namespace, signal, take } = args;
  const container = args.container ?? (spec.containers[0]?.name as string);
  const { name: pod, labels: { track = "", release } = {} } = metadata;
  const query = new URLSearchParams({ container, follow: "true", timestamps: "true", ...known.from });
  const again = new Map(known.shown);
  known.open = true;
  try {
    for await (const line of api.lines(
      `${pathOf("api", "v1", "namespaces", namespace, "pods", pod, "log")}?${query}`,
      signal,
    )) {
      const [at = "", text = ""] = split(line);
      const left = again.get(line) ?? 0;
      if (left > 0) {
        again.set(line, left - 1);
        continue;
      }
      known.add(secondOf(at), line);
      await take({ track, ...(release !== undefined && { release }), pod, container, at, text });
    }
  } catch (error) {
    const status = error instanceof ApiError ? error.status : undefined;
    if (status !== notBegun && status !== gone && isFinal(error)) throw error;
    // A container that begins only now is shown from its first line.
    if (status === notBegun && known.second === "") known.from = {};
  } finally {
    known.open = false;
  }
}

/** How the API says that a container waits to start, and that there is no such pod. */
const [notBegun, gone] = [400, 404];

/** Whether asking once more would bring the same answer. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status < 500 && error.status !== 429;
}

/** A pod that came to its end writes nothing more; one that was evicted stays listed for long. */
function isFollowed({ metadata, status }: PodObject, track: Track | undefined): boolean {
  const own = metadata.labels?.track;
  return own !== undefined && (track ?? own) === own && status.phase !== "Succeeded" && status.phase !== "Failed";
}

function letGo(followed: Map<string, Followed>, pods: readonly PodObject[]): void {
  const here = new Set(pods.map(({ metadata }) => metadata.uid));
  for (const [uid, { open }] of followed) if (!open && !here.has(uid)) followed.delete(uid);
}

const containersOf = ({ spec }: PodObject) =>
  [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);

function hasContainer(pod: PodObject, container: string | undefined): boolean {
  return container === undefined || containersOf(pod).includes(container);
}

function assertContainer(service: string, container: string, pods: readonly PodObject[]): void {
  if (pods.length === 0 || pods.some((pod) => hasContainer(pod, container))) return;
  const names = [...new Set(pods.flatMap(containersOf))];
  throw new UserError(`The pods of ${service} have no container ${container}: choose one of ${names.join(", ")}.`);
}

function fromStart({ sinceSeconds }: FollowArgs): Readonly<Record<string, string>> {
  return sinceSeconds === undefined
    ? { tailLines: String(tail) }
    : { sinceSeconds: String(Math.max(1, Math.ceil(sinceSeconds))) };
}

/** The time that the API puts before each line, and the line. */
function split(line: string): [at: string, text: string] {
  const space = line.indexOf(" ");
  return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
}

/** The second that a time is in, in UTC and so comparable as text; empty where it is no time. */
function secondOf(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? "" : `${new Date(time).toISOString().slice(0, 19)}Z`;
}
