import { createHash } from "node:crypto";
import { UserError } from "./user-error.ts";

/**
 * The one JSON text of a plain value: keys sorted, no spaces, absent and `undefined` fields alike. Two values have the
 * same text exactly if they mean the same, whatever order their fields were written in.
 *
 * @param where names the value in the refusal, e.g. `containers[0]`
 * @throws Refusal if anything in it is not plain JSON: an Output, a function, a Date, NaN
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

/** The first `digits` hex digits of the SHA-256 of the canonical JSON. */
export function contentHash(value: unknown, digits: number, where?: string): string {
  return createHash("sha256").update(canonicalJson(value, where)).digest("hex").slice(0, digits);
}

function notPlain(where: string): UserError {
  return new UserError(
    `${where} is not plain JSON: a release is made of constants, so write the value itself, and refer to a Secret with valueFrom.secretKeyRef where it must not be seen.`,
  );
}
