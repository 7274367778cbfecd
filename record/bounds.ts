import * as v from "valibot";
import { foreignTextLimit, oneLine } from "../border/foreign-text.ts";

/** Schemas that bound what a record holds, so that it can always be written: a ConfigMap may have 1 MiB. */

/**
 * A text for people, in one line. A longer one is cut off and not refused: a record that an older version wrote must not
 * become unreadable for the length of a reason.
 *
 * @param limit characters. @default 300
 */
export function textOf(limit: number = foreignTextLimit) {
  return v.pipe(
    v.string(),
    v.transform((text) => oneLine(text, limit)),
  );
}

/** Characters of a name of the Kubernetes API (RFC 1123), and of a user name that is kept. */
export const nameLimit = 253;

/** The name of a person, a machine account or a service. */
export const nameSchema = textOf(nameLimit);

/** An RFC 3339 time. Its form bounds its length. */
export const timeSchema = v.pipe(v.string(), v.isoTimestamp("must be a time, like 2026-01-31T12:00:00Z"));

/**
 * An object whose fields that a newer version added are kept, as long as they have no more than so many bytes as JSON in
 * all. Beyond that their long texts are cut off, and if that is not enough the largest fields are left out.
 */
export function growing<const E extends v.ObjectEntries>(entries: E, bytes: number) {
  const known = new Set(Object.keys(entries));
  return v.pipe(
    v.looseObject(entries),
    v.transform((value) => fitting(value, known, bytes)),
  );
}

/** Characters that a text of a newer version keeps where it has to be cut off: more than any text of this version. */
const addedTextLimit = 4096;

function fitting<T extends object>(value: T, known: ReadonlySet<string>, bytes: number): T {
  const isAdded = ([name]: [string, unknown]) => !known.has(name);
  const added = Object.entries(value).filter(isAdded);
  if (bytesOf(Object.fromEntries(added)) <= bytes) return value;
  const short = added.map(([name, held]): [string, unknown] => [name, shortened(held)]);
  const smallestFirst = short.map((each) => ({ each, size: bytesOf(each) })).sort((a, b) => a.size - b.size);
  let left = bytes;
  const kept = smallestFirst.flatMap(({ each, size }) => {
    left -= size;
    return left < 0 ? [] : [each];
  });
  const own = Object.entries(value).filter((field) => !isAdded(field));
  return Object.fromEntries([...own, ...kept]) as T;
}

/** A value with each long text in it cut off. */
function shortened(value: unknown): unknown {
  if (typeof value === "string") return value.length > addedTextLimit ? oneLine(value, addedTextLimit) : value;
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, shortened(held)]));
}

/** Bytes of a value as a record has it. */
export function bytesOf(value: unknown): number {
  return Buffer.byteLength(jsonOf(value));
}

/** A value as the text in which a record is written. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? "";
}
