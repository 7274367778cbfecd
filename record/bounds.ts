/**
 * Schemas that limit the size of what a record holds, so that it can always be written: a ConfigMap has at most 1 MiB.
 */
import * as v from "valibot";
import { foreignTextLimit, oneLine } from "../border/foreign-text.ts";

/**
 * Schema of a text for people, in one line. A longer text is truncated instead of refused, so that a record written by an
 * older version stays readable.
 *
 * @param limit characters. @default 300
 */
export function textOf(limit: number = foreignTextLimit) {
  return v.pipe(
    v.string(),
    v.transform((text) => oneLine(text, limit)),
  );
}

/** Most characters of a Kubernetes name (RFC 1123), and of a stored user name. */
export const nameLimit = 253;

/** Schema of the name of a person, a machine account or a service. */
export const nameSchema = textOf(nameLimit);

/** Schema of an RFC 3339 time. Its form limits its length. */
export const timeSchema = v.pipe(v.string(), v.isoTimestamp("must be a time, like 2026-01-31T12:00:00Z"));

/**
 * Schema of an object that may carry fields of a newer version. They are preserved as long as together they fit
 * `bytes`. If they do not fit, long texts in them are truncated first, then the largest fields are left out.
 *
 * @param entries schemas of the fields that this version knows
 * @param bytes limit for the unknown fields, measured as JSON
 */
export function growing<const E extends v.ObjectEntries>(entries: E, bytes: number) {
  const known = new Set(Object.keys(entries));
  return v.pipe(
    v.looseObject(entries),
    v.transform((value) => fitting(value, known, bytes)),
  );
}

/** Characters to which a text of a newer version is truncated. No text of this version is longer. */
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

/** A copy of a value in which each long text is truncated. */
function shortened(value: unknown): unknown {
  if (typeof value === "string") return value.length > addedTextLimit ? oneLine(value, addedTextLimit) : value;
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, shortened(held)]));
}

/** Bytes of a value in the form in which a record stores it. */
export function bytesOf(value: object): number {
  return Buffer.byteLength(jsonOf(value));
}

/** A value as JSON text, in the form in which a record stores it. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
