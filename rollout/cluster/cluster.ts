import type { IncomingMessage } from "node:http";
import { Refusal } from "../../components/refusal.ts";
import type { Access } from "./kubeconfig.ts";
import { type Outgoing, send } from "./send.ts";

/** Longest time one answer of the API server may take, in milliseconds. */
const patience = 15_000;

/** The API server said no. */
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

/** The API server does not answer: nothing is known, and it may be worth asking again. */
export class Unreachable extends Refusal {}

/** The few calls that the rollout makes to the Kubernetes API. Paths are those of the API reference. */
export interface Cluster {
  readonly access: Access;
  /** The object, or undefined if there is none. */
  get<T>(path: string): Promise<T | undefined>;
  /**
   * What stands behind a path, as it is, whatever the status: a pod's own answer through the proxy.
   *
   * @param signal ends it; then its reason is thrown
   */
  text(path: string, signal: AbortSignal): Promise<{ status: number; text: string; type?: string }>;
  /**
   * Sends a request on to what stands behind a path, as to a pod's port through the proxy. Its answer, whatever the
   * status, is given as it begins.
   *
   * @throws Refusal if the server does not answer; the signal's reason once it ends it
   */
  forward(path: string, request: Forwarded): Promise<IncomingMessage>;
  /**
   * The lines of an answer that may go on for ever, as they come. A half line at a break is left out.
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
export function connect(access: Access, ending?: AbortSignal): Cluster {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const limit = AbortSignal.timeout(patience);
    const signal = ending ? AbortSignal.any([ending, limit]) : limit;
    const { status, text } = await exchange(access, method, path, body, { signal, ending });
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
  return {
    access,
    get: <T>(path: string) => orAbsent(call("GET", path) as Promise<T>),
    text: (path, signal) => exchange(access, "GET", path, undefined, { accept: plainText, signal, ending: signal }),
    async forward(path, request) {
      try {
        return await authorized(access, path, request);
      } catch (error) {
        throw request.signal.aborted ? request.signal.reason : silence(access, error);
      }
    },
    async *lines(path, signal) {
      try {
        const response = await open(access, "GET", path, undefined, { accept: "*/*", signal });
        const status = response.statusCode ?? 0;
        if (!isGood(status)) throw refusedBy(status, await textOf(response), `GET ${path}`);
        yield* linesOf(response);
      } catch (error) {
        if (!signal.aborted) throw silence(access, error);
      }
    },
    async list<T>(path: string, selector?: string) {
      const items: T[] = [];
      let next: string | undefined;
      do {
        const query = new URLSearchParams({
          limit: "500",
          ...(selector && { labelSelector: selector }),
          ...(next && { continue: next }),
        });
        const page = (await call("GET", `${path}?${query}`)) as Page<T>;
        items.push(...page.items);
        next = page.metadata.continue;
      } while (next);
      return items;
    },
    create: <T>(path: string, object: object) => call("POST", path, object) as Promise<T>,
    replace: <T>(path: string, object: object) => call("PUT", path, object) as Promise<T>,
    patch: <T>(path: string, operations: readonly Operation[]) =>
      call("PATCH", `${path}?fieldManager=gray`, operations) as Promise<T>,
    async apply(manager, path, object) {
      await call("PATCH", `${path}?fieldManager=${manager}`, object);
    },
    async delete(path) {
      await orAbsent(call("DELETE", path));
    },
    until: (signal) => connect(access, signal),
  };
}

interface How {
  readonly accept?: string;
  /** Ends request and answer. */
  readonly signal: AbortSignal;
}

/** @param how.ending the caller's signal: where it ends the request, its reason is thrown */
async function exchange(
  access: Access,
  method: string,
  path: string,
  body: object | undefined,
  how: How & { readonly ending: AbortSignal | undefined },
): Promise<{ status: number; text: string; type?: string }> {
  try {
    const response = await open(access, method, path, body, how);
    const type = response.headers["content-type"];
    return { status: response.statusCode ?? 0, text: await textOf(response), ...(type !== undefined && { type }) };
  } catch (error) {
    throw how.ending?.aborted ? how.ending.reason : silence(access, error);
  }
}

/** Sends a request of our own; resolves when the answer begins. */
function open(
  access: Access,
  method: string,
  path: string,
  body: object | undefined,
  { accept = "application/json", signal }: How,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept,
    ...(payload !== undefined && {
      "content-type": bodyType(method, body),
      "content-length": Buffer.byteLength(payload),
    }),
  };
  return authorized(access, path, { method, headers, body: payload, signal });
}

/** Sends a request as who we are. */
async function authorized(access: Access, path: string, outgoing: Omit<Outgoing, "options">): Promise<IncomingMessage> {
  const { token, certificate, key } = await access.credentials();
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

/** What a failed request comes to for a person. */
function silence(access: Access, error: unknown): Error {
  if (error instanceof Refusal || error instanceof ApiError) return error;
  const { name, message } = error as Error;
  const why = name === "TimeoutError" || name === "AbortError" ? `no answer within ${patience / 1000} s` : message;
  return new Unreachable(
    `The cluster at ${access.server.origin}${access.context ? ` (context ${access.context})` : ""} does not answer (${why}): check KUBECONFIG, the context and the network.`,
  );
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of response.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const isGood = (status: number) => status >= 200 && status < 300;

/** The API server's no to a request, in its own words. */
export function refusedBy(status: number, text: string, request: string): ApiError {
  const message = (parse(text) as { message?: string } | undefined)?.message ?? text.slice(0, 200);
  const help = status === 403 ? ": docs/rbac.md of gray-release says what is needed" : "";
  return new ApiError(status, `${message} (${request.split("?")[0]}: ${status})${help}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
