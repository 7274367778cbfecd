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
    `${tokenHeader} is the header of the secret token, which reaches canary whatever the rules say`,
  ),
);
/** RFC 6265, 4.1.1. */
const cookieValue = v.pipe(
  v.string(),
  v.regex(/^[!#-+\--:<-[\]-~]+$/, "must be text without spaces, quotes, commas and semicolons"),
);
/** What the API server takes (HTTPPathMatch), and more than all paths. */
const pathPrefix = v.pipe(
  v.string(),
  v.startsWith("/", "must begin with a slash, like /api"),
  v.maxLength(1024, "must be at most 1024 characters"),
  v.notValue("/", "is every path: take it out"),
  v.check(
    (path) =>
      /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(path) && !/\/\/|%2f|\/\.{1,2}(\/|$)/i.test(path),
    "must be a plain path without //, /./, /../ and %2F",
  ),
);

/** Text or a pattern, checked by hand: the issues of a union do not say what is wrong. */
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
 * The user rules of a service: each says something that a gateway can do, and each can be met. Messages go on from
 * "<argument> is <value>: ".
 */
export const rulesSchema = v.pipe(v.array(v.pipe(shape, checked<Shape>(ruleFault))), checked<Shape[]>(rulesFault));

function ruleFault(shape: Shape): Fault | undefined {
  const rule = shape as Rule;
  const names = headerNames(rule);
  if (names.length + Object.keys(rule.query ?? {}).length === 0 && rule.pathPrefix === undefined) {
    return { message: "has nothing to match: give it headers, cookie, query, pathPrefix or bucket" };
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return undefined;
  const message =
    twice === "cookie"
      ? "asks for two things of the header Cookie, and a rule has one condition for each header: keep one"
      : `asks for the header ${twice} twice, as case makes no difference: keep one`;
  return { message };
}

function rulesFault(shapes: readonly Shape[]): Fault | undefined {
  const rules = shapes as readonly Rule[];
  const matches = rules.map(matchOf);
  for (const [i, { name }] of rules.entries()) {
    if (name !== undefined && rules.findIndex((other) => other.name === name) !== i) {
      return { at: [i, "name"], message: "is the name of another rule too: change one" };
    }
    const match = matches[i] as Match;
    const above = matches.slice(0, i).findIndex((wider) => contains(wider, match));
    if (above < 0) continue;
    const taker = ruleLabel(rules, above);
    return {
      at: [i],
      message: `can never be met, as ${taker} takes all its requests: put it above that one, or take it out`,
    };
  }
  return undefined;
}

/** The headers that a rule looks at, in lower case, as often as it does. */
function headerNames({ headers, cookie, bucket }: Rule): string[] {
  const all = [...Object.keys(headers ?? {}), bucket?.header, cookie && "cookie", bucket?.cookie && "cookie"];
  return all.filter((name) => name !== undefined).map((name) => name.toLowerCase());
}

function valueFault(found: unknown, longest: number): string | undefined {
  if (typeof found === "string") {
    if (found === "" || found.length > longest) return `must be text of 1 to ${longest} characters`;
    const printable = /^[!-~]([\t -~]*[!-~])?$/.test(found) && !/[\t ]{2}/.test(found);
    return printable ? undefined : "must be printable ASCII, with single spaces inside it alone";
  }
  const keys = typeof found === "object" && found !== null ? Object.keys(found) : [];
  const pattern = keys.length === 1 ? (found as { pattern?: unknown }).pattern : undefined;
  if (typeof pattern !== "string") return 'must be text, or { "pattern": "..." }';
  const fault = patternFault(pattern);
  if (fault !== undefined) return `is no regular expression that gateways take: ${fault}`;
  return wholeValue(pattern).length > longest ? `must be a pattern of less than ${longest} characters` : undefined;
}
