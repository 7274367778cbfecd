/** A small client of the Kubernetes API over HTTP. */

import type { IncomingMessage } from "node:http";
import { BodyTooLarge, linesIn, textIn, textOf } from "../border/body.ts";
import { oneLine } from "../border/foreign-text.ts";
import { jsonIn } from "../border/json.ts";
import { isPlainPath, UnsafePath } from "../border/path.ts";
import { UserError } from "../components/user-error.ts";
import type { Access, Credentials } from "./access.ts";
import { ApiError, refusedBy, Unreachable } from "./api-error.ts";
import type { Cluster, Operation } from "./cluster.ts";
import { formatOf } from "./resources.ts";
import { type Outgoing, send } from "./send.ts";

/** Longest time that one answer of the API server may take, in milliseconds. Fetching credentials has a limit of its own. */
const patience = 15_000;
/** Largest answer of the API server, in bytes. */
const answerBytes = 64 << 20;
/** Longest line of a log, in characters; the rest of the line is left out. */
const lineCharacters = 16 * 1024;
/** How often a list is read from its start because its next page has expired (410). */
const listAttempts = 3;

/** The format in which metrics are requested. A server that does not have it may send another one, which the parser refuses. */
const plainText = "text/plain;version=0.0.4,*/*;q=0.1";

interface Page<T> {
  kind?: string;
  items: T[] | null;
  metadata: { continue?: string };
}

/**
 * Makes a client of the API server. Sends no request by itself.
 *
 * @param stopping aborts every call that takes no signal of its own. @default none
 * @example const pod = await connect(findAccess()).get(objectPath("Pod", "dora-apps", "web-1"));
 */
export function connect(access: Access, stopping?: AbortSignal): Cluster {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const { status, text } = await exchange(access, method, path, body, stopping);
    const answer = jsonIn(text);
    if (isGood(status) && answer !== undefined) return answer;
    throw refused(access, status, text, `${method} ${path}`);
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
      // An empty list of metadata has null for its items (seen with Kubernetes 1.36).
      const found = page.kind === "PartialObjectMetadataList" ? (page.items ?? []) : page.items;
      if (!Array.isArray(found)) throw new Unreachable(`The answer to GET ${path} is no list.`);
      items.push(...found);
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
        if (!isGood(status)) throw refused(access, status, await textOf(response, answerBytes), `GET ${path}`);
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
    tryPatch: <T>(path: string, operations: readonly Operation[], validation?: "strict") =>
      call(
        "PATCH",
        `${path}?fieldManager=gray&dryRun=All${validation ? "&fieldValidation=Strict" : ""}`,
        operations,
      ) as Promise<T>,
    tryCreate: <T>(path: string, object: object) =>
      call("POST", `${path}?dryRun=All&fieldValidation=Strict`, object) as Promise<T>,
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
  { accept = method === "GET" ? formatOf(path) : "application/json", signal, credentials }: How,
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
    ...access.impersonation,
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
    `${clusterOf(access)} does not answer (${oneLine(why)}): check KUBECONFIG, the context and the network.`,
  );
}

/** The error for an answer that refuses a request. */
function refused(access: Access, status: number, text: string, request: string): Error {
  if (status !== 401) return refusedBy(status, text, request);
  return new ApiError(status, `${clusterOf(access)} refuses your login: log in again.`);
}

/** The cluster, for messages. */
function clusterOf({ server, context }: Access): string {
  return `The cluster at ${server.origin}${context ? ` (context ${context})` : ""}`;
}

const isGood = (status: number) => status >= 200 && status < 300;
