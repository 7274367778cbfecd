/** Follows the logs of a service's pods. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { PodObject } from "../kubernetes/objects/pod.ts";
import { subresourcePath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { readPods } from "./pods.ts";

/** One line of a pod's log. */
export interface LogLine {
  readonly track: string;
  readonly release?: string;
  readonly pod: string;
  readonly container: string;
  /** When it was written, by the node's clock, in RFC 3339 with nanoseconds. */
  readonly at: string;
  readonly text: string;
}

/** Which logs to follow, and who gets the lines. */
export interface FollowArgs extends ServiceHandle {
  /** @default both */
  readonly track?: Track;
  /** Name of the container. @default the first container of the pod, which is never a native sidecar */
  readonly container?: string;
  /** How far back to begin, in seconds. @default each pod's last 10 lines */
  readonly sinceSeconds?: number;
  /** Ends following. */
  readonly signal: AbortSignal;
  /** Gets each line. Lines of a pod keep their order, and the next one waits until this call is done. */
  readonly take: (line: LogLine) => void | Promise<void>;
  /** Gets sentences for the user about following itself. */
  readonly note: (sentence: string) => void;
  /** Milliseconds between two lists of the pods. @default 2000 */
  readonly every?: number;
}

/** Number of lines from each pod at the start if no time is given, as kubectl shows for a selector. */
const tail = 10;

/**
 * Follows the logs of a service's pods until the signal ends it.
 *
 * 1. Every pod of the tracks is followed; a pod that is created later is followed from its first line.
 * 2. A stream that ends or breaks is opened again at the next list, as long as its pod exists.
 * 3. No line is shown twice, and lines written in between are shown if the node still has them.
 * 4. A pod that was deleted or has finished is no longer followed.
 * 5. If the cluster does not answer for a while, that is reported once and following goes on.
 *
 * @throws UserError if no pod has the container, ApiError if the logs may not be read
 */
export async function followLogs(args: FollowArgs): Promise<void> {
  const { service, track, container, note, every = 2000 } = args;
  const failed = new AbortController();
  const signal = AbortSignal.any([args.signal, failed.signal]);
  const followed = new Map<string, Followed>();
  let first = true;
  let lastNote: string | undefined;
  const noteOnce = (sentence: string | undefined) => {
    if (sentence !== undefined && sentence !== lastNote) note(sentence);
    lastNote = sentence;
  };
  while (!signal.aborted) {
    const pods = await readPods(args).catch((error: Error) => {
      if (first || isFinal(error)) throw error;
      if (!signal.aborted) noteOnce(`${error.message.replace(/\.?$/, ".")} Waiting for it.`);
      return undefined;
    });
    if (pods !== undefined) {
      const chosen = pods.filter((pod) => isFollowed(pod, track));
      if (container !== undefined) assertContainer(service, container, chosen);
      noteOnce(chosen.length === 0 ? `${service} has no pod${track ? ` on ${track}` : ""} yet: waiting.` : undefined);
      forgetDeleted(followed, pods);
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

/** The position in a pod's log. */
class Followed {
  open = false;
  /** Where to begin, as query parameters of the API. */
  from: Readonly<Record<string, string>>;
  /** The second of the last line. `shown` counts its lines, because the API can begin only at a whole second. */
  second = "";
  shown = new Map<string, number>();

  constructor(from: Readonly<Record<string, string>>) {
    this.from = from;
  }

  /** Counts a line as shown. */
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
  const shownBefore = new Map(known.shown);
  known.open = true;
  try {
    for await (const line of api.lines(`${subresourcePath("Pod", namespace, pod, "log")}?${query}`, signal)) {
      const [at = "", text = ""] = split(line);
      const repeats = shownBefore.get(line) ?? 0;
      if (repeats > 0) {
        shownBefore.set(line, repeats - 1);
        continue;
      }
      known.add(secondOf(at), line);
      await take({ track, ...(release !== undefined && { release }), pod, container, at, text });
    }
  } catch (error) {
    const status = error instanceof ApiError ? error.status : undefined;
    if (status !== notBegun && status !== gone && isFinal(error)) throw error;
    // A container that has not started yet is followed from its first line.
    if (status === notBegun && known.second === "") known.from = {};
  } finally {
    known.open = false;
  }
}

/** The API's status for a container that waits to start, and for a pod that does not exist. */
const [notBegun, gone] = [400, 404];

/** Whether a retry would get the same answer. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status < 500 && error.status !== 429;
}

/** A finished pod writes nothing more, and an evicted one stays listed for long, so neither is followed. */
function isFollowed({ metadata, status }: PodObject, track: Track | undefined): boolean {
  const own = metadata.labels?.track;
  return own !== undefined && (track ?? own) === own && status.phase !== "Succeeded" && status.phase !== "Failed";
}

function forgetDeleted(followed: Map<string, Followed>, pods: readonly PodObject[]): void {
  const here = new Set(pods.map(({ metadata }) => metadata.uid));
  for (const [uid, { open }] of followed) if (!open && !here.has(uid)) followed.delete(uid);
}

const containerNamesOf = ({ spec }: PodObject) =>
  [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);

function hasContainer(pod: PodObject, container: string | undefined): boolean {
  return container === undefined || containerNamesOf(pod).includes(container);
}

function assertContainer(service: string, container: string, pods: readonly PodObject[]): void {
  if (pods.length === 0 || pods.some((pod) => hasContainer(pod, container))) return;
  const names = [...new Set(pods.flatMap(containerNamesOf))];
  throw new UserError(`The pods of ${service} have no container ${container}: choose one of ${names.join(", ")}.`);
}

function fromStart({ sinceSeconds }: FollowArgs): Readonly<Record<string, string>> {
  return sinceSeconds === undefined
    ? { tailLines: String(tail) }
    : { sinceSeconds: String(Math.max(1, Math.ceil(sinceSeconds))) };
}

/** Splits a line into the time that the API puts before it, and its text. */
function split(line: string): [at: string, text: string] {
  const space = line.indexOf(" ");
  return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
}

/** A time in whole seconds, in UTC so that it can be compared as text; empty if it is not a time. */
function secondOf(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? "" : `${new Date(time).toISOString().slice(0, 19)}Z`;
}
