/** The checks of a plan: requests to canary whose responses show that a release works. */
import * as v from "valibot";
import { isPlainPath } from "../border/path.ts";
import { defaults } from "./defaults.ts";
import { tokenHeader } from "./names.ts";
import { checked, type Fault, mapOf, plainObject, wholeNumber } from "./schema.ts";
import { type Duration, duration, secondsOf } from "./units.ts";

/**
 * A request to canary, and the response that shows that the release works. Canary runs in production, so a check only reads
 * (GET or HEAD). For a test that sends data, use a command: `gray probe -- <command>`.
 *
 * @example
 * ```ts
 * const checks: Check[] = [
 *   { name: "healthy", path: "/healthz", body: { contains: "ok" }, atMost: "2s" },
 *   { path: "/old", status: 301 },
 * ];
 * ```
 */
export interface Check {
  /** The name in reports, unique within a service, 1 to 100 characters. @default method and path */
  readonly name?: string;
  /** The path, with the query if there is one. It begins with `/`. */
  readonly path: string;
  /** Number of the Service's port. @default the first port */
  readonly port?: number;
  /** `GET` or `HEAD`. @default GET */
  readonly method?: (typeof methods)[number];
  /** Request headers, in addition to those of `gray`. They are stored in a ConfigMap, so do not put secrets here. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The expected status, 200 to 599. Redirects are not followed. @default 200 */
  readonly status?: number;
  /**
   * The body contains this text, or matches this regular expression (JavaScript, with the flag u). Only the first MiB of a
   * body is read. @default any body
   */
  readonly body?: { readonly contains: string } | { readonly pattern: string };
  /** The time from the request to the end of the response, more than 0 and at most an hour. @default "5s" */
  readonly atMost?: Duration;
}

/** A check with every default filled in, and its time in seconds. An absent `body` accepts any body. */
export type FullCheck = Required<Omit<Check, "body" | "atMost">> & Pick<Check, "body"> & { readonly atMost: number };

const methods = ["GET", "HEAD"] as const;

/** Headers that `gray` controls, because they decide where a request goes and where it ends. */
const reservedHeaders = [tokenHeader, "host", "connection", "content-length", "transfer-encoding", "upgrade"];
const headerName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/, "must be 1 to 256 letters, digits or dashes"),
  v.check(
    (name) => !reservedHeaders.includes(name.toLowerCase()),
    `gray sets ${reservedHeaders.join(", ")} itself: remove the header`,
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
  v.regex(
    /^[!-~]*$/,
    "must be printable ASCII without spaces: percent-encode other characters, such as %20 for a space",
  ),
  v.excludes("#", "must not contain #: a fragment is never sent to a server"),
  v.check(isPlainPath, "must not contain /./ or /../: write the resolved path"),
);

const shape = {
  name: v.pipe(v.string(), v.regex(/^[^\p{C}]{1,100}$/u, "must be 1 to 100 characters in one line")),
  path,
  port: wholeNumber(1, 65535),
  method: v.picklist(methods, `must be ${methods.join(" or ")}`),
  headers: mapOf(headerValue, headerName),
  status: wholeNumber(200, 599),
  body: v.exactOptional(
    v.pipe(plainObject<NonNullable<Check["body"]>>(), checked<NonNullable<Check["body"]>>(bodyFault)),
  ),
};
const isCheckTime = (seconds: number) => seconds > 0 && seconds <= 3600;
const declared = v.strictObject({
  ...shape,
  atMost: duration(isCheckTime, 'must be more than 0 and at most 3600 seconds, or a text such as "2s"'),
});
const stored = v.strictObject({ ...shape, atMost: v.pipe(v.number(), v.check(isCheckTime)) });

/** Validates checks as declared in a program. Messages continue the text "<argument> is <value>: ". */
export const checksSchema = v.pipe(
  v.array(
    v.partial(declared, ["name", "port", "method", "headers", "status", "body", "atMost"]),
    "must be a list of checks",
  ),
  checked((checks) => checksFault(checks as readonly Check[])),
);

/** Validates checks with every default filled in, as stored in the cluster. */
export const fullChecksSchema = v.pipe(
  v.array(stored),
  checked((checks) => checksFault(checks as readonly Check[])),
);

/**
 * Fills in every default of a check.
 *
 * @param port number of the Service's first port
 * @example fullCheck({ path: "/healthz" }, 80).status // 200
 */
export function fullCheck(check: Check, port: number): FullCheck {
  // No spread: a field that is present but undefined would override the default.
  const { method = defaults.check.method, status = defaults.check.status, atMost = defaults.check.atMost } = check;
  const { path, body, headers = {} } = check;
  const name = checkName(check);
  const common = { name, port: check.port ?? port, headers, method, status, atMost: secondsOf(atMost), path };
  return { ...common, ...(body && { body }) };
}

/**
 * A check with its time in seconds, without defaults: as policies read it.
 *
 * @example
 * ```ts
 * plainCheck({ path: "/healthz", atMost: "2s" }) // { path: "/healthz", atMost: 2 }
 * ```
 */
export function plainCheck(check: Check): Check {
  return { ...check, ...(check.atMost !== undefined && { atMost: secondsOf(check.atMost) }) };
}

/** The name of a check in reports. @example checkName({ path: "/healthz" }) // "GET /healthz" */
export function checkName({ name, method = defaults.check.method, path }: Check): string {
  return name ?? `${method} ${path}`;
}

function checksFault(checks: readonly Check[]): Fault | undefined {
  const names = checks.map(checkName);
  for (const [i, { method, body, headers = {} }] of checks.entries()) {
    if (method === "HEAD" && body !== undefined) {
      return {
        at: [i, "body"],
        message: "cannot be checked, since a response to HEAD has no body: remove it, or use GET",
      };
    }
    const lower = Object.keys(headers).map((name) => name.toLowerCase());
    const duplicate = lower.find((name, place) => lower.indexOf(name) !== place);
    if (duplicate !== undefined) {
      return { at: [i, "headers"], message: `has ${duplicate} twice, since header names ignore case: keep one` };
    }
    const name = names[i] ?? "";
    if (names.indexOf(name) !== i) {
      return { at: [i], message: `has the name of another check (${name}): give it a unique name` };
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
    const why = (error as Error).message.replace(/Invalid regular expression: .*: /, "");
    return { at: [key], message: `is not a valid regular expression: ${why}` };
  }
}
