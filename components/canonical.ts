/** Canonical JSON and content hashes, the basis of release ids and ConfigMap names. */
import { createHash } from "node:crypto";
import { UserError } from "./user-error.ts";

/**
 * The canonical JSON of a plain value: keys sorted, no spaces, `undefined` fields omitted. Two values have the same canonical
 * JSON exactly if they are equal, in whatever order their fields were written.
 *
 * @param where names the value in the error, e.g. `containers[0]`
 * @throws UserError if any part is not plain JSON: an Output, a function, a Date, NaN
 * @example canonicalJson({ b: 1, a: undefined, c: [true] }) // '{"b":1,"c":[true]}'
 */
export function canonicalJson(value: unknown, where = "value"): string {
  if (Array.isArray(value))
    return `[${value.map((item, i) => canonicalJson(item ?? null, `${where}[${i}]`)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw notPlain(where);
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field, `${where}.${key}`)}`).join(",")}}`;
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null || Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  throw notPlain(where);
}

/**
 * The first `digits` hex digits of the SHA-256 of the canonical JSON.
 *
 * @throws UserError as {@link canonicalJson}
 * @example contentHash({ a: 1 }, 12) // 12 hex digits
 */
export function contentHash(value: unknown, digits: number, where?: string): string {
  return createHash("sha256").update(canonicalJson(value, where)).digest("hex").slice(0, digits);
}

function notPlain(where: string): UserError {
  return new UserError(
    `${where} is not plain JSON: a release contains constants only, so write the value itself, or refer to a Secret with valueFrom.secretKeyRef if the value is confidential.`,
  );
}
