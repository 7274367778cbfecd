import type { Cluster } from "../kubernetes/cluster.ts";
import { changeStore, storeName } from "./config-map-store.ts";

/** A file of what is left of a release (rollout/diagnostics.ts). */
export interface DiagnosticFile {
  /** Name of the file. */
  readonly name: string;
  readonly text: string;
  /** Name of the pod whose log it is. @default it is no log, and is kept whole or not at all */
  readonly pod?: string;
}

/** Savings that are kept; an older one makes room. */
const kept = 3;
/** Bytes of one saving, as JSON. All of them have 900 KiB, and a ConfigMap may have 1 MiB. */
const savingBytes = 300 * 1024;
/** What keys begin with: when, and of which release. Their order is that of time. */
const prefix = /^\d{4}-[^.]+Z\.[^.]+\./;

/** Stands where the beginning of a log is missing. */
const cutMark = "[older lines left out]\n";

export function diagnosticsName(service: string): string {
  return storeName(service, "diagnostics");
}

/**
 * Keeps what is left of a release in the cluster, where it outlives the disk of whoever drives: the ConfigMap
 * `<service>-diagnostics`, a key `<time>.<release>.<file>` for each file, of the newest savings.
 *
 * @param saving `<time>.<release>`
 * @returns the names of the files that it has no room for
 * @throws ApiError or Refusal if it could not be written
 */
export async function storeDiagnostics(
  api: Cluster,
  namespace: string,
  service: string,
  saving: string,
  files: readonly DiagnosticFile[],
): Promise<string[]> {
  const fitting = fitted(files, savingBytes);
  const added = Object.fromEntries(fitting.map(({ name, text }) => [`${saving}.${name}`, text]));
  await changeStore(api, namespace, service, "diagnostics", (before = {}) => ({
    ...newest(before, kept - 1),
    ...added,
  }));
  return files.map(({ name }) => name).filter((name) => !(`${saving}.${name}` in added));
}

/** The files of the newest savings. */
function newest(data: Readonly<Record<string, string>>, count: number): Record<string, string> {
  const savingOf = (key: string) => prefix.exec(key)?.[0];
  const savings = [...new Set(Object.keys(data).flatMap((key) => savingOf(key) ?? []))].sort().slice(-count);
  return Object.fromEntries(Object.entries(data).filter(([key]) => savings.includes(savingOf(key) ?? "")));
}

/**
 * The files in so many bytes of JSON, pure.
 *
 * 1. What is no log is kept whole, in the order given and in half of the bytes; what does not fit is left out.
 * 2. The rest is the logs': the same for each pod, and in a pod for each container, but nobody gets more than he needs, and what
 *    he leaves is the others'.
 * 3. Of each log the newest lines are kept.
 */
export function fitted(files: readonly DiagnosticFile[], bytes: number): DiagnosticFile[] {
  let left = bytes;
  const whole = files.filter(({ pod, text }) => {
    if (pod !== undefined || left - size(text) < bytes / 2) return false;
    left -= size(text);
    return true;
  });
  const pods = [...Map.groupBy(files, ({ pod }) => pod)].flatMap(([pod, logs]) => (pod === undefined ? [] : [logs]));
  const sizes = pods.map((logs) => logs.map(({ text }) => size(text)));
  const parts = fairParts(sizes.map(sum), left).map((part, at) => fairParts(sizes[at] ?? [], part));
  const logs = pods.flatMap((ofPod, pod) =>
    ofPod.map((log, at) => ({ ...log, text: tailOf(log.text, parts[pod]?.[at] ?? 0) })),
  );
  return [...whole, ...logs.filter(({ text }) => text !== "")];
}

/** Shares of a whole: equal ones, but nobody gets more than he needs, and what he leaves is the others'. */
function fairParts(needs: readonly number[], whole: number): number[] {
  const parts = needs.map(() => 0);
  let left = whole;
  const modestFirst = needs.map((need, at) => ({ need, at })).sort((a, b) => a.need - b.need);
  for (const [before, { need, at }] of modestFirst.entries()) {
    const part = Math.min(need, Math.floor(left / (needs.length - before)));
    parts[at] = part;
    left -= part;
  }
  return parts;
}

/** The newest lines of a log that fit; the end of the newest one where even that is too long. */
function tailOf(text: string, bytes: number): string {
  if (size(text) <= bytes) return text;
  let left = bytes - size(cutMark);
  let from = text.length;
  while (from > 0) {
    const start = text.lastIndexOf("\n", from - 2) + 1;
    // Without the two quotes, which were counted with the mark.
    left -= size(text.slice(start, from)) - 2;
    if (left < 0) break;
    from = start;
  }
  if (from < text.length) return cutMark + text.slice(from);
  // A character takes at most six bytes, as \u0000 does.
  const fits = Math.floor((bytes - size(cutMark)) / 6);
  return fits > 0 ? cutMark + text.slice(-fits) : "";
}

/** Bytes that a text takes in a request: never less than it takes in the cluster, and the server limits both. */
function size(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
