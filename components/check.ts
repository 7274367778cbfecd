import * as v from "valibot";
import { isPlainPath } from "../border/path.ts";
import { defaults } from "./defaults.ts";
import { tokenHeader } from "./names.ts";
import { checked, type Fault, mapOf, plainObject, wholeNumber } from "./schema.ts";

/**
 * A request whose answer shows that a release works, and what that answer has to be. It asks and changes nothing, since
 * canary stands in production; what has to send something is a command (`gray probe -- <command>`).
 */
export interface Check {
  /** What reports call it; no two of a service are alike. @default method and path */
  readonly name?: string;
  /** With the query, where there is one. */
  readonly path: string;
  /** Number of the Service's port. @default the first port */
  readonly port?: number;
  /** @default GET */
  readonly method?: (typeof methods)[number];
  /** Besides those that `gray` sends itself. They stand in a ConfigMap: none may be a secret. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the answer, 200 to 599. Redirects are not followed. @default 200 */
  readonly status?: number;
  /**
   * What the body holds somewhere: a text, or what a regular expression finds (JavaScript's, with the flag u). Of a longer
   * body the first MiB counts. @default anything
   */
  readonly body?: { readonly contains: string } | { readonly pattern: string };
  /** Seconds until the whole answer is there. @default 5 */
  readonly atMost?: number;
}

/** A check with every default written out, but for the body, which may be anything. */
export type FullCheck = Required<Omit<Check, "body">> & Pick<Check, "body">;

const methods = ["GET", "HEAD"] as const;

/** They say where a request goes and where it ends, which is not the check's to say. */
const notOfACheck = [tokenHeader, "host", "connection", "content-length", "transfer-encoding", "upgrade"];
const headerName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/, "must be 1 to 256 letters, digits or dashes"),
  v.check(
    (name) => !notOfACheck.includes(name.toLowerCase()),
    `${notOfACheck.join(", ")} are set by gray itself: take it out`,
  ),
);
const headerValue = v.pipe(
  v.string(),
  v.regex(/^([!-~]([\t -~]{0,4094}[!-~])?)?$/, "must be printable ASCII of at most 4096 characters"),
);

const path = v.pipe(
  v.string(),
  v.startsWith("/", "must begin with /"),
  v.maxLength(2048, "must be at most 2048 characters"),
  v.regex(/^[!-~]*$/, "must be printable ASCII without spaces: write others as %20 is written for a space"),
  v.excludes("#", "must have no #, which servers are never sent"),
  v.check(isPlainPath, "must not have the steps /./ and /../: write the path that is meant"),
);

const seconds = "must be more than 0 and at most 3600 seconds";
const shape = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[^\p{C}]{1,100}$/u, "must be 1 to 100 characters in one line")),
  path,
  port: wholeNumber(1, 65535),
  method: v.picklist(methods, `must be ${methods.join(" or ")}`),
  headers: mapOf(headerValue, headerName),
  status: wholeNumber(200, 599),
  body: v.exactOptional(
    v.pipe(plainObject<NonNullable<Check["body"]>>(), checked<NonNullable<Check["body"]>>(bodyFault)),
  ),
  atMost: v.pipe(v.number(seconds), v.gtValue(0, seconds), v.maxValue(3600, seconds)),
});

/** Checks as they are declared. Messages go on from "<argument> is <value>: ". */
export const checksSchema = v.pipe(
  v.array(
    v.partial(shape, ["name", "port", "method", "headers", "status", "body", "atMost"]),
    "must be a list of checks",
  ),
  checked((checks) => checksFault(checks as readonly Check[])),
);

/** Checks with every default written out. */
export const fullChecksSchema = v.pipe(
  v.array(shape),
  checked((checks) => checksFault(checks as readonly Check[])),
);

/** @param port number of the Service's first port */
export function fullCheck(check: Check, port: number): FullCheck {
  // Not a spread: a field that is there and undefined would take the default away.
  const { method = defaults.check.method, status = defaults.check.status, atMost = defaults.check.atMost } = check;
  const { path, body, headers = {} } = check;
  const name = checkName(check);
  return { name, port: check.port ?? port, headers, method, status, atMost, path, ...(body && { body }) };
}

/** What reports call a check. */
export function checkName({ name, method = defaults.check.method, path }: Check): string {
  return name ?? `${method} ${path}`;
}

function checksFault(checks: readonly Check[]): Fault | undefined {
  const names = checks.map(checkName);
  for (const [i, { method, body, headers = {} }] of checks.entries()) {
    if (method === "HEAD" && body !== undefined) {
      return { at: [i, "body"], message: "answers to HEAD have no body: take it out, or ask with GET" };
    }
    const lower = Object.keys(headers).map((name) => name.toLowerCase());
    const twice = lower.find((name, place) => lower.indexOf(name) !== place);
    if (twice !== undefined) {
      return { at: [i, "headers"], message: `has ${twice} twice, as case makes no difference: keep one` };
    }
    const name = names[i] ?? "";
    if (names.indexOf(name) !== i) {
      return { at: [i], message: `has the name of another check (${name}): give it one of its own` };
    }
  }
  return undefined;
}

function bodyFault(body: object): Fault | undefined {
  const keys = Object.keys(body);
  const [key = ""] = keys;
  const text = (body as Record<string, unknown>)[key];
  if (keys.length !== 1 || !["contains", "pattern"].includes(key) || typeof text !== "string" || text === "") {
    return { message: 'must be { "contains": "..." } or { "pattern": "..." }' };
  }
  if (key === "contains") return undefined;
  try {
    new RegExp(text, "u");
    return undefined;
  } catch (error) {
    const why = (error as Error).message.replace(/^Invalid regular expression: .*: /, "");
    return { at: [key], message: `is no regular expression: ${why}` };
  }
}
