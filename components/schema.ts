/** Schemas and messages that the validation of arguments, settings and stored data shares. */
import * as v from "valibot";

/** A plain object with any keys. valibot's own object schemas also accept a list and an Output. */
export const plainObject = <T extends object = Record<string, unknown>>() => v.custom<T>(isPlain, "must be an object");

/** The given object schema without lists. Needed if all keys are optional, because then valibot accepts a list. */
export const keyed = <S extends v.GenericSchema<object>>(schema: S) => v.pipe(plainObject<v.InferInput<S>>(), schema);

/**
 * A map of values by key. valibot's own `record` accepts a list, and skips the keys `constructor` and `prototype`.
 *
 * @example v.is(mapOf(v.number()), { a: 1 }) // true
 */
export function mapOf<S extends v.GenericSchema>(value: S, key: v.GenericSchema<string> = v.string()) {
  return v.pipe(
    plainObject<Record<string, v.InferInput<S>>>(),
    v.rawTransform((context): Record<string, v.InferOutput<S>> => {
      const map = context.dataset.value;
      const config = context.config as v.Config<v.BaseIssue<unknown>>;
      const entries = Object.entries(map).map(([name, found]) => {
        const at = { type: "object", input: map, key: name, value: found } as const;
        for (const { message, input } of v.safeParse(key, name, config).issues ?? []) {
          context.addIssue({ message, input, path: [{ ...at, origin: "key" }] });
        }
        const { output, issues = [] } = v.safeParse<v.GenericSchema>(value, found, config);
        for (const { message, expected, input, path = [] } of issues) {
          context.addIssue({
            message,
            expected: expected ?? undefined,
            input,
            path: [{ ...at, origin: "value" }, ...path],
          });
        }
        return [name, output];
      });
      return Object.fromEntries(entries);
    }),
  );
}

/** A fault in a value whose parts are each valid. */
export interface Fault {
  /** The path of the part to change. @default the value itself */
  readonly at?: readonly (string | number)[];
  /** The message, which continues the text "<argument> is <value>: ". */
  readonly message: string;
}

/**
 * The last action of a pipe. It checks conditions between the parts of a value.
 *
 * @example v.pipe(v.number(), checked((n) => (n % 2 === 0 ? undefined : { message: "must be even" })))
 */
export function checked<T>(faultOf: (value: T) => Fault | undefined) {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    const fault = dataset.issues ? undefined : faultOf(dataset.value as T);
    if (fault === undefined) return;
    let found: unknown = dataset.value;
    const path = (fault.at ?? []).map((key): v.UnknownPathItem => {
      const input = found;
      found = (input as Record<string | number, unknown>)[key];
      return { type: "unknown", origin: "value", input, key, value: found };
    });
    addIssue({ message: fault.message, input: found as T, path: path as [v.UnknownPathItem] });
  });
}

/** A whole number from `least` to `most`. @example v.is(wholeNumber(1, 65535), 80) // true */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const message = `must be a whole number ${range}`;
  return v.pipe(v.number(message), v.safeInteger(message), v.minValue(least, message), v.maxValue(most, message));
}

/** A number from 0 to 100. */
export const percent = v.pipe(v.number(), v.minValue(0, "must be 0 to 100"), v.maxValue(100, "must be 0 to 100"));

const kinds: Record<string, string> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  Array: "a list",
  Object: "an object",
};

/**
 * The message for a schema without a message of its own. Pass it as valibot's option `message`.
 *
 * @example v.safeParse(schema, data, { message: mustBe })
 */
export function mustBe({ expected, input }: v.BaseIssue<unknown>): string {
  if (expected === "never") return "is unknown";
  if (input === undefined) return "is missing";
  return `must be ${kinds[expected ?? ""] ?? expected}`;
}

/**
 * Parses external data by its schema.
 *
 * @throws Error with one line that names each faulty field. It contains no values, because they may be secrets
 * @example understand(v.object({ a: v.number() }), { a: 1 }) // { a: 1 }
 */
export function understand<S extends v.GenericSchema>(schema: S, data: unknown): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, data, { message: mustBe });
  if (success) return output;
  throw new Error(issues.map((issue) => (issue.path ? `${v.getDotPath(issue)}: ` : "") + issue.message).join("; "));
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
