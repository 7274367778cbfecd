/** Converts stored JSON of an earlier version, whose fields had other names. */

export type Fields = Readonly<Record<string, unknown>>;

/** Whether a parsed value is an object with fields. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * An object with some fields under new names; any other value is returned unchanged.
 *
 * @param names old name -> new name
 * @example renamed({ because: "5xx", at: 1 }, { because: "reason" }) // { reason: "5xx", at: 1 }
 */
export function renamed(value: Fields, names: Readonly<Record<string, string>>): Fields;
export function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown;
export function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [(Object.hasOwn(names, name) && names[name]) || name, held]),
  );
}

/** Converts each item of a list or each value of an object; any other value is returned unchanged. */
export function convertEach(values: unknown, convert: (value: unknown) => unknown): unknown {
  if (Array.isArray(values)) return values.map(convert);
  if (!isFields(values)) return values;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));
}
