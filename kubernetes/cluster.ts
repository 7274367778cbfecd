import type { IncomingMessage } from "node:http";
import { BodyTooLarge, linesIn, textIn, textOf } from "../border/body.ts";
import { oneLine } from "../border/foreign-text.ts";
import { isPlainPath, UnsafePath } from "../border/path.ts";
import { UserError } from "../components/user-error.ts";
import type { Access, Credentials } from "./kubeconfig.ts";
import { type Outgoing, send } from "./send.ts";

/** Longest time one answer of the API server may take, in milliseconds. What proves who we are has a limit of its own. */
const patience = 15_000;
/** Bytes that one answer of the API server may have. */
const answerBytes = 64 << 20;
/** Characters of a line of a log; what follows them in the line is left out. */
const lineCharacters = 16 * 1024;
/** Times that a list is begun anew because what was read of it is too old to be continued. */
const listAttempts = 3;

/** The API server said no. With 404 it is the API server that says so: what a proxy answers in its place is NotServed. */
export class ApiError extends Error {
  /** See Refusal: shown as its message alone. */
  readonly __pulumiRunError = true;
  override readonly name = "ApiError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The API server does not answer, or cannot be asked: nothing is known, and it may be worth asking again. */
export class Unreachable extends UserError {}

/**
 * A 404 in other words than the API server has for an absent object (meta/v1 Status). Mostly a proxy answers in its place; the API
 * server itself answers so for a group of resources that it does not have.
 */
export class NotServed extends Unreachable {}

/** The few calls that the rollout makes to the Kubernetes API. Paths are those of the API reference. */
export interface Cluster {
  readonly access: Access;
  /** Ends each call that has no signal of its own (`until`), and any wait between two calls. */
  readonly stopping?: AbortSignal;
  /** The object, or undefined if there is none. */
  get<T>(path: string): Promise<T | undefined>;
  /**
   * What stands behind a path, as it comes, whatever the status: a pod's own answer through the proxy.
   *
   * @param signal ends it; then its reason is thrown, by the text as well
   * @param limit bytes of the text, which throws BodyTooLarge beyond them
   */
  stream(path: string, signal: AbortSignal, limit: number): Promise<Streamed>;
  /**
   * Sends a request on to what stands behind a path, as to a pod's port through the proxy. Its answer, whatever the
   * status, is given as it begins.
   *
   * @throws Refusal if the server does not answer; the signal's reason once it ends it
   */
  forward(path: string, request: Forwarded): Promise<IncomingMessage>;
  /**
   * The lines of an answer that may go on for ever, as they come. A half line at a break is left out, and so is what a line has
   * beyond 16 384 characters.
   *
   * @param signal ends it, quietly
   * @throws ApiError if the server says no, Refusal if it does not answer or breaks off
   */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
  /** All objects of a collection, all pages of it. */
  list<T>(path: string, selector?: string): Promise<T[]>;
  create<T>(path: string, object: object): Promise<T>;
  /** Writes the whole object; with its resourceVersion in it only if nobody wrote in between (409). */
  replace<T>(path: string, object: object): Promise<T>;
  /**
   * Changes parts of an object, all or none.
   *
   * @throws ApiError with 422 or 409 where a `test` does not hold, or somebody wrote at the same moment
   */
  patch<T>(path: string, operations: readonly Operation[]): Promise<T>;
  /**
   * The object as a patch would leave it, with the API server's defaults and what admission adds. Nothing is written
   * (`dryRun=All`).
   *
   * @throws as `patch` does
   */
  tryPatch<T>(path: string, operations: readonly Operation[]): Promise<T>;
  /**
   * Owns these fields of an object from here on, together with who wrote them (server-side apply): they stay where another
   * applies without them. What was applied by this name before, and is not in the object, is owned no more.
   *
   * @param manager by which name (KEP-555)
   * @throws ApiError with 409 where the object has other values by now
   */
  apply(manager: string, path: string, object: object): Promise<void>;
  delete(path: string): Promise<void>;
  /**
   * The same, for reading: each call ends with the signal, and throws its reason. Whether a write that is ended was done,
   * nobody knows.
   */
  until(signal: AbortSignal): Cluster;
}

/** An answer of somebody behind the API server, as it comes. */
export interface Streamed {
  readonly status: number;
  /** Its content type. */
  readonly type?: string;
  readonly text: AsyncIterable<string>;
}

/** An operation of a JSON patch (RFC 6902). */
export interface Operation {
  readonly op: "test" | "add" | "replace" | "remove";
  /** A JSON pointer (RFC 6901). */
  readonly path: string;
  readonly value?: unknown;
}

/** A request for somebody behind the API server, which takes `authorization` and `impersonate-*` for itself. */
export type Forwarded = Omit<Outgoing, "options"> & { readonly signal: AbortSignal };

/** What a server of metrics is asked for; one that cannot may send what it has, and the reader refuses it. */
const plainText = "text/plain;version=0.0.4,*/*;q=0.1";

interface Page<T> {
  items: T[];
  metadata: { continue?: string };
}

/**
 * A client of the API server.
 *
 * @param ending ends each call that has no signal of its own. @default none
 * @throws Refusal from each call if the server does not answer
 */
export function connect(access: Access, stopping?: AbortSignal): Cluster {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const { status, text } = await exchange(access, method, path, body, stopping);
    const answer = parse(text);
    if (isGood(status) && answer !== undefined) return answer;
    throw refusedBy(status, text, `${method} ${path}`);
  };
  const orAbsent = async <T>(pending: Promise<T>): Promise<T | undefined> => {
    try {
      return await pending;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  };
  const pagesOf = async <T>(path: string, selector: string | undefined): Promise<T[]> => {
    const items: T[] = [];
    let next: string | undefined;
    do {
      const query = new URLSearchParams({
        limit: "500",
        ...(selector && { labelSelector: selector }),
        ...(next && { continue: next }),
      });
      const page = (await call("GET", `${path}?${query}`)) as Page<T>;
      if (!Array.isArray(page.items)) throw new Unreachable(`The answer to GET ${path} is no list.`);
      items.push(...page.items);
      next = page.metadata.continue;
    } while (next);
    return items;
  };
  return {
    access,
    ...(stopping && { stopping }),
    get: <T>(path: string) => orAbsent(call("GET", path) as Promise<T>),
    async stream(path, signal, limit) {
      try {
        const response = await open(access, "GET", path, undefined, { accept: plainText, signal });
        const type = response.headers["content-type"];
        const text = streamed(access, response, signal, limit);
        return { status: response.statusCode ?? 0, text, ...(type !== undefined && { type }) };
      } catch (error) {
        throw signal.aborted ? signal.reason : unavailable(access, error);
      }
    },
    async forward(path, request) {
      try {
        return await authorized(access, path, request);
      } catch (error) {
        throw request.signal.aborted ? request.signal.reason : unavailable(access, error);
      }
    },
    async *lines(path, signal) {
      try {
        const response = await open(access, "GET", path, undefined, { accept: "*/*", signal });
        const status = response.statusCode ?? 0;
        if (!isGood(status)) throw refusedBy(status, await textOf(response, answerBytes), `GET ${path}`);
        yield* linesIn(response, lineCharacters);
      } catch (error) {
        if (!signal.aborted) throw unavailable(access, error);
      }
    },
    async list<T>(path: string, selector?: string) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await pagesOf<T>(path, selector);
        } catch (error) {
          const isTooOld = error instanceof ApiError && error.status === 410;
          if (!isTooOld || attempt === listAttempts) throw error;
        }
      }
    },
    create: <T>(path: string, object: object) => call("POST", path, object) as Promise<T>,
    replace: <T>(path: string, object: object) => call("PUT", path, object) as Promise<T>,
    patch: <T>(path: string, operations: readonly Operation[]) =>
      call("PATCH", `${path}?fieldManager=gray`, operations) as Promise<T>,
    tryPatch: <T>(path: string, operations: readonly Operation[]) =>
      call("PATCH", `${path}?fieldManager=gray&dryRun=All`, operations) as Promise<T>,
    async apply(manager, path, object) {
      await call("PATCH", `${path}?fieldManager=${manager}`, object);
    },
    async delete(path) {
      await orAbsent(call("DELETE", path));
    },
    until: (signal) => connect(access, signal),
  };
}

/**
 * One request of our own and its whole answer. Where the server does not know us (401), what proves who we are is asked for anew, and
 * the request is sent once more.
 *
 * @param ending the caller's signal: where it ends the request, its reason is thrown
 */
async function exchange(
  access: Access,
  method: string,
  path: string,
  body: object | undefined,
  stopping: AbortSignal | undefined,
): Promise<{ status: number; text: string }> {
  try {
    for (let attempt = 1; ; attempt++) {
      const credentials = await access.credentials(stopping);
      const limit = AbortSignal.timeout(patience);
      const signal = stopping ? AbortSignal.any([stopping, limit]) : limit;
      const response = await open(access, method, path, body, { signal, credentials });
      const answer = { status: response.statusCode ?? 0, text: await textOf(response, answerBytes) };
      if (answer.status !== 401 || attempt === 2 || !access.renew(credentials)) return answer;
    }
  } catch (error) {
    if (stopping?.aborted) throw stopping.reason;
    throw unavailable(access, error instanceof BodyTooLarge ? new Error(error.message) : error);
  }
}

interface How {
  readonly accept?: string;
  /** Ends request and answer. */
  readonly signal: AbortSignal;
  /** @default those of the moment */
  readonly credentials?: Credentials;
}

/** Sends a request of our own; resolves when the answer begins. */
function open(
  access: Access,
  method: string,
  path: string,
  body: object | undefined,
  { accept = "application/json", signal, credentials }: How,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept,
    ...(payload !== undefined && {
      "content-type": bodyType(method, body),
      "content-length": Buffer.byteLength(payload),
    }),
  };
  return authorized(access, path, { method, headers, body: payload, signal }, credentials);
}

/** Sends a request as who we are. */
async function authorized(
  access: Access,
  path: string,
  outgoing: Omit<Outgoing, "options">,
  credentials?: Credentials,
): Promise<IncomingMessage> {
  // Names in it may be others' words, and the request is made in our name.
  if (!isPlainPath(path)) throw new UnsafePath(`the path ${oneLine(path)} leads elsewhere`);
  const { token, certificate, key } = credentials ?? (await access.credentials(outgoing.signal));
  const url = new URL(access.server.pathname.replace(/\/$/, "") + path, access.server);
  const headers = {
    "user-agent": "gray-release",
    ...outgoing.headers,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const options = {
    ca: access.ca,
    cert: certificate,
    key,
    rejectUnauthorized: !access.skipTlsVerify,
    ...(access.serverName !== undefined && { servername: access.serverName }),
  };
  return send(url, { ...outgoing, headers, options });
}

/** A patch is a list of operations, or an object to apply, and JSON is YAML. */
function bodyType(method: string, body: object | undefined): string {
  if (method !== "PATCH") return "application/json";
  return Array.isArray(body) ? "application/json-patch+json" : "application/apply-patch+yaml";
}

/** The text of an answer that has begun, as it comes. */
async function* streamed(
  access: Access,
  response: IncomingMessage,
  signal: AbortSignal,
  limit: number,
): AsyncGenerator<string> {
  try {
    yield* textIn(response, limit);
  } catch (error) {
    throw signal.aborted ? signal.reason : unavailable(access, error);
  }
}

/** What a failed request comes to for a person. */
function unavailable(access: Access, error: unknown): Error {
  if ([UserError, ApiError, BodyTooLarge, UnsafePath].some((known) => error instanceof known)) return error as Error;
  const { name, message } = error as Error;
  const why = name === "TimeoutError" || name === "AbortError" ? `no answer within ${patience / 1000} s` : message;
  return new Unreachable(
    `The cluster at ${access.server.origin}${access.context ? ` (context ${access.context})` : ""} does not answer (${oneLine(why)}): check KUBECONFIG, the context and the network.`,
  );
}

const isGood = (status: number) => status >= 200 && status < 300;

/** The API server's no to a request, in its own words; NotServed where a 404 has others. */
export function refusedBy(status: number, text: string, request: string): ApiError | NotServed {
  const { kind, message } = (parse(text) ?? {}) as { kind?: unknown; message?: unknown };
  const said = oneLine(typeof message === "string" ? message : text);
  if (status === 404 && kind !== "Status") {
    return new NotServed(
      `${request.split("?")[0]} was answered 404 in words that are not the API server's (${said}): is the address of the cluster right, is there a proxy?`,
    );
  }
  const help = status === 403 ? ": docs/rbac.md of gray-release says what is needed" : "";
  return new ApiError(status, `${said} (${request.split("?")[0]}: ${status})${help}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
