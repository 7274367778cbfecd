import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { Refusal } from "../components/refusal.ts";
import type { Access } from "./kubeconfig.ts";

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
  delete(path: string): Promise<void>;
}

/** What a server of metrics is asked for; one that cannot may send what it has, and the reader refuses it. */
const plainText = "text/plain;version=0.0.4,*/*;q=0.1";

interface Page<T> {
  items: T[];
  metadata: { continue?: string };
}

/** A client of the API server. @throws Refusal from each call if the server does not answer */
export function connect(access: Access): Cluster {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const { status, text } = await exchange(access, method, path, body);
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
    text: (path, signal) => exchange(access, "GET", path, undefined, { accept: plainText, signal }),
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
    async delete(path) {
      await orAbsent(call("DELETE", path));
    },
  };
}

interface How {
  readonly accept?: string;
  /** Ends request and answer. */
  readonly signal?: AbortSignal;
}

async function exchange(
  access: Access,
  method: string,
  path: string,
  body?: object,
  { accept, signal }: How = {},
): Promise<{ status: number; text: string; type?: string }> {
  const how = { ...(accept !== undefined && { accept }), signal: signal ?? AbortSignal.timeout(patience) };
  try {
    const response = await open(access, method, path, body, how);
    const type = response.headers["content-type"];
    return { status: response.statusCode ?? 0, text: await textOf(response), ...(type !== undefined && { type }) };
  } catch (error) {
    throw signal?.aborted ? signal.reason : silence(access, error);
  }
}

/** Sends a request; resolves when the answer begins. A connection whose other end is gone is noticed, however quiet it is. */
async function open(
  access: Access,
  method: string,
  path: string,
  body: object | undefined,
  { accept = "application/json", signal }: How,
): Promise<IncomingMessage> {
  const { token, certificate, key } = await access.credentials();
  const url = new URL(access.server.pathname.replace(/\/$/, "") + path, access.server);
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept,
    "user-agent": "gray-release",
    ...(payload !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  // Importing node:http makes Node compile its web client too: 15 ms and 2.5 MB that a cluster under https need not pay.
  const send = url.protocol === "http:" ? (await import("node:http")).request : request;
  return new Promise((answered, failed) => {
    const options = {
      method,
      headers,
      ca: access.ca,
      cert: certificate,
      key,
      rejectUnauthorized: !access.skipTlsVerify,
      ...(access.serverName !== undefined && { servername: access.serverName }),
    };
    let complete = () => false;
    const sent = send(url, options, (response) => {
      complete = () => response.complete;
      response.once("end", letGo);
      // Whoever reads it hears of an error as well; this is for one that comes when the reader has just left.
      response.on("error", () => {});
      answered(response);
    });
    // Not Node's own option: a signal that comes when the whole answer is there and the connection back in its pool, where
    // nobody hears its error, ends the process (24.21).
    const end = () => sent.destroy(complete() ? undefined : signal?.reason);
    const letGo = () => signal?.removeEventListener("abort", end);
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end, { once: true });
    sent.once("close", letGo);
    sent.on("error", failed);
    sent.setSocketKeepAlive(true, patience);
    sent.end(payload);
  });
}

/** What a failed request comes to for a person. */
function silence(access: Access, error: unknown): Error {
  if (error instanceof Refusal || error instanceof ApiError) return error;
  const { name, message } = error as Error;
  const why = name === "TimeoutError" || name === "AbortError" ? `no answer within ${patience / 1000} s` : message;
  return new Refusal(
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

function refusedBy(status: number, text: string, request: string): ApiError {
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
