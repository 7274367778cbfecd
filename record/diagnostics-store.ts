/** Stores the diagnostics of releases in a ConfigMap, within its size limit. */
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { changeStore, storeName } from "./config-map-store.ts";

/** A file of diagnostics of a release (rollout/diagnostics/diagnostics.ts). */
export interface DiagnosticFile {
  /** Name of the file. */
  readonly name: string;
  readonly text: string;
  /** Name of the pod whose log it is. @default not a log: the file is stored whole or left out */
  readonly pod?: string;
}

/** Diagnostics that are stored, the newest ones; older ones are deleted. */
const idsStored = 3;
/** Bytes of the diagnostics saved at one time, as JSON. Three of them take 900 KiB of the 1 MiB of a ConfigMap. */
const bytesEach = 300 * 1024;
/** What each key begins with: time and release. Keys therefore sort by time. */
const prefix = /^\d{4}-[^.]+Z\.[^.]+\./;

/** Replaces the missing beginning of a log. */
const truncationMark = "[older lines left out]\n";

/** Name of the ConfigMap with a service's diagnostics, for example `web-diagnostics`. */
export function diagnosticsName(service: string): string {
  return storeName(service, "diagnostics");
}

/**
 * Stores diagnostics of a release in the ConfigMap `<service>-diagnostics`, where they outlive the disk of the driver's
 * machine. Each file has the key `<time>.<release>.<file>`. Only the newest diagnostics are stored.
 *
 * @param id `<time>.<release>`, the beginning of their keys
 * @returns the names of the files that did not fit
 * @throws ApiError or UserError if it could not be written
 */
export async function storeDiagnostics(
  of: ServiceHandle,
  id: string,
  files: readonly DiagnosticFile[],
): Promise<string[]> {
  const fitting = fitted(files, bytesEach);
  const added = Object.fromEntries(fitting.map(({ name, text }) => [`${id}.${name}`, text]));
  await changeStore(of, "diagnostics", (before = {}) => ({
    ...newest(before, idsStored - 1),
    ...added,
  }));
  return files.map(({ name }) => name).filter((name) => !(`${id}.${name}` in added));
}

/** The files of the newest diagnostics. */
function newest(data: Readonly<Record<string, string>>, count: number): Record<string, string> {
  const idOf = (key: string) => prefix.exec(key)?.[0];
  const ids = [...new Set(Object.keys(data).flatMap((key) => idOf(key) ?? []))].sort().slice(-count);
  return Object.fromEntries(Object.entries(data).filter(([key]) => ids.includes(idOf(key) ?? "")));
}

/**
 * Reduces files to a number of bytes of JSON; pure.
 *
 * 1. Files other than logs are stored whole, in the order given, in at most half of the bytes. A file that does not fit
 *    is left out.
 * 2. Logs share the remaining bytes: equally among pods, and equally among the containers of a pod. What one does not
 *    need goes to the others.
 * 3. Of each log the newest lines are stored.
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

/** Splits a whole into equal shares. None exceeds its need; what is left goes to the others. */
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

/** The newest lines of a log that fit. If the newest line alone is too long, its end. */
function tailOf(text: string, bytes: number): string {
  if (size(text) <= bytes) return text;
  let left = bytes - size(truncationMark);
  let from = text.length;
  while (from > 0) {
    const start = text.lastIndexOf("\n", from - 2) + 1;
    // `size` counts two quotes; they are already counted with the mark.
    left -= size(text.slice(start, from)) - 2;
    if (left < 0) break;
    from = start;
  }
  if (from < text.length) return truncationMark + text.slice(from);
  // A character takes at most six bytes, as \u0000 does.
  const fits = Math.floor((bytes - size(truncationMark)) / 6);
  return fits > 0 ? truncationMark + text.slice(-fits) : "";
}

/** Bytes of a text in a request. It takes no more in the cluster, and the server limits both. */
function size(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
