import { z } from "zod";
import { contains } from "./match.ts";
import { tokenHeader } from "./names.ts";
import { patternFault, wholeValue } from "./pattern.ts";
import { matchOf, type Rule, ruleLabel, type Value } from "./rule.ts";

/** RFC 9110 token, as HTTPHeaderName has it; names of query parameters have the same type. */
const tokenPattern = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/;
const fieldName = z.string().regex(tokenPattern, "must be 1 to 256 letters, digits or dashes");
const headerName = fieldName.refine(
  (name) => name.toLowerCase() !== tokenHeader,
  `${tokenHeader} is the header of the secret token, which reaches canary whatever the rules say`,
);
/** RFC 6265, 4.1.1. */
const cookieValue = z
  .string()
  .regex(/^[!#-+\--:<-[\]-~]+$/, "must be text without spaces, quotes, commas and semicolons");
/** What the API server takes (HTTPPathMatch), and more than all paths. */
const pathPrefix = z
  .string()
  .startsWith("/", "must begin with a slash, like /api")
  .max(1024, "must be at most 1024 characters")
  .refine((path) => path !== "/", "is every path: take it out")
  .refine(
    (path) =>
      /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(path) && !/\/\/|%2f|\/\.{1,2}(\/|$)/i.test(path),
    "must be a plain path without //, /./, /../ and %2F",
  );

/** Text or a pattern, checked by hand: the issues of a union do not say what is wrong. */
function value(longest: number) {
  return z.custom<Value>().superRefine((found: unknown, context) => {
    const problem = valueFault(found, longest);
    if (problem !== undefined) refuse(context, problem);
  });
}

const shape = z.strictObject({
  name: z.string().min(1, "must not be empty").optional(),
  to: z.enum(["stable", "canary"], "must be canary or stable"),
  headers: z.record(headerName, value(4096)).optional(),
  cookie: z.strictObject({ name: fieldName, value: cookieValue }).optional(),
  query: z.record(fieldName, value(1024)).optional(),
  pathPrefix: pathPrefix.optional(),
  bucket: z
    .strictObject({
      header: headerName.optional(),
      cookie: fieldName.optional(),
      below: z.int("must be a whole number from 1 to 100").min(1, "must be 1 to 100").max(100, "must be 1 to 100"),
    })
    .refine(({ header, cookie }) => (header === undefined) !== (cookie === undefined), "must have a header or a cookie")
    .optional(),
});

/**
 * The user rules of a service: each says something that a gateway can do, and each can be met. Messages go on from
 * "<argument> is <value>: ".
 */
export const rulesSchema = z.array(shape.superRefine(oneRule)).superRefine(allRules);

function oneRule(rule: z.infer<typeof shape>, context: z.RefinementCtx): void {
  const fault = ruleFault(rule as Rule);
  if (fault !== undefined) refuse(context, fault);
}

function ruleFault(rule: Rule): string | undefined {
  const names = headerNames(rule);
  if (names.length + Object.keys(rule.query ?? {}).length === 0 && rule.pathPrefix === undefined) {
    return "has nothing to match: give it headers, cookie, query, pathPrefix or bucket";
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === "cookie") {
    return "asks for two things of the header Cookie, and a rule has one condition for each header: keep one";
  }
  return twice && `asks for the header ${twice} twice, as case makes no difference: keep one`;
}

function allRules(rules: readonly z.infer<typeof shape>[], context: z.RefinementCtx): void {
  const matches = rules.map((rule) => matchOf(rule as Rule));
  for (const [i, rule] of rules.entries()) {
    if (rule.name !== undefined && rules.findIndex(({ name }) => name === rule.name) !== i) {
      refuse(context, "is the name of another rule too: change one", [i, "name"]);
    }
    const match = matchOf(rule as Rule);
    const above = matches.slice(0, i).findIndex((wider) => contains(wider, match));
    if (above < 0) continue;
    const taker = ruleLabel(rules as Rule[], above);
    const message = `can never be met, as ${taker} takes all its requests: put it above that one, or take it out`;
    refuse(context, message, [i]);
  }
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

/** Ends the check: what comes after it may take the value as right. */
function refuse(context: z.RefinementCtx, message: string, path: PropertyKey[] = []): void {
  context.addIssue({ code: "custom", message, path, continue: false });
}
