/**
 * A small client of the Kubernetes API: the interface that the rollout uses, the errors that its calls throw, and the implementation
 * over HTTP.
 */

import type { IncomingMessage } from "node:http";
import { BodyTooLarge, linesIn, textIn, textOf } from "../border/body.ts";
import { oneLine } from "../border/foreign-text.ts";
import { isPlainPath, UnsafePath } from "../border/path.ts";
import { UserError } from "../components/user-error.ts";
import type { Access, Credentials } from "./kubeconfig.ts";
import { type Outgoing, send } from "./send.ts";

/** Longest time that one answer of the API server may take, in milliseconds. Fetching credentials has a limit of its own. */
const patience = 15_000;
/** Largest answer of the API server, in bytes. */
const answerBytes = 64 << 20;
/** Longest line of a log, in characters; the rest of the line is left out. */
const lineCharacters = 16 * 1024;
/** How often a list is read from its start because its next page has expired (410). */
const listAttempts = 3;

/** The API server refused a request. A 404 is an ApiError only if the API server itself sent it; a proxy's 404 is NotServed. */
export class ApiError extends Error {
  /** Pulumi shows the message without a stack trace, as for a UserError. */
  readonly __pulumiRunError = true;
  override readonly name = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The API server does not answer, or there are no credentials for it. The state of the cluster is unknown, and a retry may succeed. */
export class Unreachable extends UserError {}

/**
 * A 404 without the Status object (meta/v1) that the API server sends for an absent object. Usually a proxy sent it; the API server
 * itself sends it for an API group that it does not have.
 */
export class NotServed extends Unreachable {}

/**
 * The calls that the rollout makes to the Kubernetes API. Paths are those of the API reference.
 *
 * Each call throws ApiError if the server refuses the request, and Unreachable if it does not answer.
 */
export interface Cluster {
  /** Address and credentials of the cluster. */
  readonly access: Access;
  /** Aborts every call that takes no signal of its own, and the waits between calls. @default none */
  readonly stopping?: AbortSignal;
  /** The object, or undefined if there is none. */
  get<T>(path: string): Promise<T | undefined>;
  /**
   * Reads an answer as a stream, whatever its status, such as a pod's own answer through the API server's proxy.
   *
   * @param signal aborts request and stream; both then throw its reason
   * @param limit largest body in bytes; the stream throws BodyTooLarge beyond it
   */
  stream(path: string, signal: AbortSignal, limit: number): Promise<Streamed>;
  /**
   * Forwards a request, such as one to a pod's port through the API server's proxy. Resolves when the answer begins, whatever its
   * status.
   *
   * @throws Unreachable if the server does not answer; the signal's reason if it is aborted
   */
  forward(path: string, request: Forwarded): Promise<IncomingMessage>;
  /**
   * The lines of an answer that may have no end, as they arrive. An incomplete line at a broken connection is left out, and so is the
   * rest of a line after 16 384 characters.
   *
   * @param signal ends the stream without an error
   * @throws ApiError if the server refuses the request, Unreachable if it does not answer or the connection breaks
   */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
  /** All objects of a collection, from all its pages. @param selector a label selector. @default every object */
  list<T>(path: string, selector?: string): Promise<T[]>;
  /** Creates an object. @throws ApiError with 409 if it exists */
  create<T>(path: string, object: object): Promise<T>;
  /** Writes the whole object. @throws ApiError with 409 if the object holds a resourceVersion and was changed since */
  replace<T>(path: string, object: object): Promise<T>;
  /**
   * Applies all operations to an object, or none.
   *
   * @throws ApiError with 422 if a `test` does not hold, 409 if another writer was faster
   */
  patch<T>(path: string, operations: readonly Operation[]): Promise<T>;
  /**
   * The object as a patch would leave it, including the API server's defaults and the changes of admission webhooks. Nothing is
   * written (`dryRun=All`).
   *
   * @throws as `patch` does
   */
  tryPatch<T>(path: string, operations: readonly Operation[]): Promise<T>;
  /**
   * Takes shared ownership of these fields of an object (server-side apply), so that they stay when another manager applies without
   * them. Fields that this manager applied before and that are not in the object are no longer owned by it.
   *
   * @param manager the field manager (KEP-555)
   * @throws ApiError with 409 if the live object has other values
   */
  apply(manager: string, path: string, object: object): Promise<void>;
  /** Deletes an object. Does nothing if it does not exist. */
  delete(path: string): Promise<void>;
  /**
   * The same client for reads: each call is aborted by the signal and throws its reason. Do not write through it: an aborted write may
   * or may not have happened.
   */
  until(signal: AbortSignal): Cluster;
}

/** An answer that the API server passes on, such as a pod's, as a stream. */
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

/** A request that the API server passes on. It does not pass on `authorization` and `impersonate-*`, but uses them itself. */
export type Forwarded = Omit<Outgoing, "options"> & { readonly signal: AbortSignal };

/** The format in which metrics are requested. A server that does not have it may send another one, which the parser refuses. */
const plainText = "text/plain;version=0.0.4,*/*;q=0.1";

interface Page<T> {
  items: T[];
  metadata: { continue?: string };
}

/**
 * Makes a client of the API server. Sends no request by itself.
 *
 * @param stopping aborts every call that takes no signal of its own. @default none
 * @example const pod = await connect(findAccess()).get("/api/v1/namespaces/dora-apps/pods/web-1");
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
 * Sends one request and reads its whole answer. After a 401 the credentials are fetched again, and the request is sent once more.
 *
 * @param stopping the caller's signal; its reason is thrown if it aborts the request
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
  /** Aborts request and answer. */
  readonly signal: AbortSignal;
  /** @default the current ones */
  readonly credentials?: Credentials;
}

/** Sends a request with a JSON body; resolves when the answer begins. */
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

/** Sends a request with our credentials. */
async function authorized(
  access: Access,
  path: string,
  outgoing: Omit<Outgoing, "options">,
  credentials?: Credentials,
): Promise<IncomingMessage> {
  // The path may contain names that others chose, and the request has our permissions.
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

/** A patch is a list of operations or an object to apply; the API takes the latter as YAML, which includes JSON. */
function bodyType(method: string, body: object | undefined): string {
  if (method !== "PATCH") return "application/json";
  return Array.isArray(body) ? "application/json-patch+json" : "application/apply-patch+yaml";
}

/** The body of an answer as a stream of text. */
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

/** The error that a failed request throws: one with a message for the user. */
function unavailable(access: Access, error: unknown): Error {
  if ([UserError, ApiError, BodyTooLarge, UnsafePath].some((known) => error instanceof known)) return error as Error;
  const { name, message } = error as Error;
  const why = name === "TimeoutError" || name === "AbortError" ? `no answer within ${patience / 1000} s` : message;
  return new Unreachable(
    `The cluster at ${access.server.origin}${access.context ? ` (context ${access.context})` : ""} does not answer (${oneLine(why)}): check KUBECONFIG, the context and the network.`,
  );
}

const isGood = (status: number) => status >= 200 && status < 300;

/** The error for an answer that refuses a request, with the server's message; NotServed for a 404 that is not the API server's. */
export function refusedBy(status: number, text: string, request: string): ApiError | NotServed {
  const { kind, message } = (parse(text) ?? {}) as { kind?: unknown; message?: unknown };
  const reported = oneLine(typeof message === "string" ? message : text);
  if (status === 404 && kind !== "Status") {
    return new NotServed(
      `${request.split("?")[0]} was answered 404, and not by the Kubernetes API server (${reported}): check the address of the cluster, and any proxy before it.`,
    );
  }
  const help = status === 403 ? ": docs/rbac.md of gray-release says what is needed" : "";
  return new ApiError(status, `${reported} (${request.split("?")[0]}: ${status})${help}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
