import * as v from "valibot";

/** What schemas of arguments, settings and stored data share: a few kinds of values, and sentences for what is wrong. */

/** An object with any keys. To valibot's own kinds of objects a list is one too, and so is an Output. */
export const plainObject = <T extends object = Record<string, unknown>>() => v.custom<T>(isPlain, "must be an object");

/** As the schema has it, and no list: for objects none of whose keys has to be there. */
export const keyed = <S extends v.GenericSchema<object>>(schema: S) => v.pipe(plainObject<v.InferInput<S>>(), schema);

/** A map. valibot's own `record` takes a list for one, and passes over the keys `constructor` and `prototype`. */
export function mapOf<S extends v.GenericSchema>(value: S, key: v.GenericSchema<string> = v.string()) {
  return v.pipe(
    plainObject<Record<string, v.InferInput<S>>>(),
    v.rawTransform((context): Record<string, v.InferOutput<S>> => {
      const map = context.dataset.value;
      const config = context.config as v.Config<v.BaseIssue<unknown>>;
      const entries = Object.entries(map).map(([name, held]) => {
        const at = { type: "object", input: map, key: name, value: held } as const;
        for (const { message, input } of v.safeParse(key, name, config).issues ?? []) {
          context.addIssue({ message, input, path: [{ ...at, origin: "key" }] });
        }
        const { output, issues = [] } = v.safeParse<v.GenericSchema>(value, held, config);
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

/** What is wrong with a value whose parts are right, each for itself. */
export interface Fault {
  /** Keys that lead to the part to change. @default the value itself */
  readonly at?: readonly (string | number)[];
  readonly message: string;
}

/** The last piece of a pipe: what types and ranges of the parts cannot say. */
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

export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const message = `must be a whole number ${range}`;
  return v.pipe(v.number(message), v.safeInteger(message), v.minValue(least, message), v.maxValue(most, message));
}

/** 0 to 100. */
export const percent = v.pipe(v.number(), v.minValue(0, "must be 0 to 100"), v.maxValue(100, "must be 0 to 100"));

const kinds: Record<string, string> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  Array: "a list",
  Object: "an object",
};

/** What is allowed, where a schema does not say so in words of its own: for valibot's option `message`. */
export function mustBe({ expected, input }: v.BaseIssue<unknown>): string {
  if (expected === "never") return "is not known";
  if (input === undefined) return "is missing";
  return `must be ${kinds[expected ?? ""] ?? expected}`;
}

/**
 * Data from outside, as its schema has it.
 *
 * @throws Error that says in one line where something else stands; never what, since it may be a secret
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
