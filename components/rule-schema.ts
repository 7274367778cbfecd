import * as v from "valibot";
import { contains, type Match } from "./match.ts";
import { tokenHeader } from "./names.ts";
import { patternFault, wholeValue } from "./pattern.ts";
import { matchOf, type Rule, ruleLabel, type Value } from "./rule.ts";
import { checked, type Fault, mapOf } from "./schema.ts";
import { tracks } from "./traffic.ts";

/** RFC 9110 token, as HTTPHeaderName has it; names of query parameters have the same type. */
const tokenPattern = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/;
const fieldName = v.pipe(v.string(), v.regex(tokenPattern, "must be 1 to 256 letters, digits or dashes"));
const headerName = v.pipe(
  fieldName,
  v.check(
    (name) => name.toLowerCase() !== tokenHeader,
    `${tokenHeader} is reserved for the secret token: use another header`,
  ),
);
/** RFC 6265, 4.1.1. */
const cookieValue = v.pipe(
  v.string(),
  v.regex(/^[!#-+\--:<-[\]-~]+$/, "must be text without spaces, quotes, commas and semicolons"),
);
/** A path that the API server accepts (HTTPPathMatch), other than `/`. */
const pathPrefix = v.pipe(
  v.string(),
  v.startsWith("/", "must begin with a slash, like /api"),
  v.maxLength(1024, "must be at most 1024 characters"),
  v.notValue("/", "matches every path: remove it"),
  v.check(
    (path) =>
      /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(path) && !/\/\/|%2f|\/\.{1,2}(\/|$)/i.test(path),
    "must be a plain path without //, /./, /../ and %2F",
  ),
);

/** A text or a pattern. A union of schemas would not name the fault, so the check is a function. */
function value(longest: number) {
  return v.custom<Value>(
    (found) => valueFault(found, longest) === undefined,
    ({ input }) => valueFault(input, longest) ?? "",
  );
}

const shape = v.strictObject({
  name: v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
  to: v.picklist(tracks, "must be canary or stable"),
  headers: v.optional(mapOf(value(4096), headerName)),
  cookie: v.optional(v.strictObject({ name: fieldName, value: cookieValue })),
  query: v.optional(mapOf(value(1024), fieldName)),
  pathPrefix: v.optional(pathPrefix),
  bucket: v.optional(
    v.pipe(
      v.strictObject({
        header: v.optional(headerName),
        cookie: v.optional(fieldName),
        below: v.pipe(
          v.number("must be a whole number from 1 to 100"),
          v.safeInteger("must be a whole number from 1 to 100"),
          v.minValue(1, "must be 1 to 100"),
          v.maxValue(100, "must be 1 to 100"),
        ),
      }),
      v.check(
        ({ header, cookie }) => (header === undefined) !== (cookie === undefined),
        "must have a header or a cookie",
      ),
    ),
  ),
});
type Shape = v.InferOutput<typeof shape>;

/**
 * Validates the user rules of a service. A gateway can apply each rule, and each rule can match a request. Messages continue
 * the text "<argument> is <value>: ".
 */
export const rulesSchema = v.pipe(v.array(v.pipe(shape, checked<Shape>(ruleFault))), checked<Shape[]>(rulesFault));

function ruleFault(shape: Shape): Fault | undefined {
  const rule = shape as Rule;
  const names = headerNames(rule);
  if (names.length + Object.keys(rule.query ?? {}).length === 0 && rule.pathPrefix === undefined) {
    return { message: "has no condition: give it headers, cookie, query, pathPrefix or bucket" };
  }
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  if (duplicate === undefined) return undefined;
  const message =
    duplicate === "cookie"
      ? "has two conditions on the header Cookie, and a rule can have one for each header: keep one"
      : `has the header ${duplicate} twice, since header names ignore case: keep one`;
  return { message };
}

function rulesFault(shapes: readonly Shape[]): Fault | undefined {
  const rules = shapes as readonly Rule[];
  const matches = rules.map(matchOf);
  for (const [i, { name }] of rules.entries()) {
    if (name !== undefined && rules.findIndex((other) => other.name === name) !== i) {
      return { at: [i, "name"], message: "is also the name of another rule: change one of them" };
    }
    const match = matches[i] as Match;
    const above = matches.slice(0, i).findIndex((wider) => contains(wider, match));
    if (above < 0) continue;
    return {
      at: [i],
      message: `can never apply, since ${ruleLabel(rules, above)} matches all its requests first: move it above that rule, or remove it`,
    };
  }
  return undefined;
}

/** The names of the headers in a rule's conditions, in lower case, once for each condition. */
function headerNames({ headers, cookie, bucket }: Rule): string[] {
  const all = [...Object.keys(headers ?? {}), bucket?.header, cookie && "cookie", bucket?.cookie && "cookie"];
  return all.filter((name) => name !== undefined).map((name) => name.toLowerCase());
}

function valueFault(found: unknown, longest: number): string | undefined {
  if (typeof found === "string") {
    if (found === "" || found.length > longest) return `must be text of 1 to ${longest} characters`;
    const printable = /^[!-~]([\t -~]*[!-~])?$/.test(found) && !/[\t ]{2}/.test(found);
    return printable ? undefined : "must be printable ASCII with single spaces, and none at either end";
  }
  const keys = typeof found === "object" && found !== null ? Object.keys(found) : [];
  const pattern = keys.length === 1 ? (found as { pattern?: unknown }).pattern : undefined;
  if (typeof pattern !== "string") return 'must be text, or { "pattern": "..." }';
  const fault = patternFault(pattern);
  if (fault !== undefined) return `is not a regular expression that gateways support: ${fault}`;
  return wholeValue(pattern).length > longest ? `must be a pattern of fewer than ${longest} characters` : undefined;
}
