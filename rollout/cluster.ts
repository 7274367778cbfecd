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
  /** All objects of a collection, all pages of it. */
  list<T>(path: string, selector?: string): Promise<T[]>;
  create<T>(path: string, object: object): Promise<T>;
  /** Writes the whole object; with its resourceVersion in it only if nobody wrote in between (409). */
  replace<T>(path: string, object: object): Promise<T>;
  delete(path: string): Promise<void>;
}

interface Page<T> {
  items: T[];
  metadata: { continue?: string };
}

/** A client of the API server. @throws Refusal from each call if the server does not answer */
export function connect(access: Access): Cluster {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const { status, text } = await exchange(access, method, path, body);
    const answer = parse(text);
    if (status >= 200 && status < 300 && answer !== undefined) return answer;
    throw new ApiError(
      status,
      `${(answer as { message?: string })?.message ?? text.slice(0, 200)} (${method} ${path.split("?")[0]}: ${status})${status === 403 ? ": docs/rbac.md of gray-release says what is needed" : ""}`,
    );
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

async function exchange(
  access: Access,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; text: string }> {
  const { token, certificate, key } = await access.credentials();
  const url = new URL(access.server.pathname.replace(/\/$/, "") + path, access.server);
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: "application/json",
    "user-agent": "gray-release",
    ...(payload !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  // Importing node:http makes Node compile its web client too: 15 ms and 2.5 MB that a cluster under https need not pay.
  const open = url.protocol === "http:" ? (await import("node:http")).request : request;
  return new Promise((answered, failed) => {
    const sent = open(
      url,
      {
        method,
        headers,
        ca: access.ca,
        cert: certificate,
        key,
        rejectUnauthorized: !access.skipTlsVerify,
        ...(access.serverName !== undefined && { servername: access.serverName }),
        signal: AbortSignal.timeout(patience),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => answered({ status: response.statusCode ?? 0, text }));
        response.on("error", failed);
      },
    );
    sent.on("error", failed);
    sent.end(payload);
  }).catch((error: Error) => {
    const why =
      error.name === "TimeoutError" || error.name === "AbortError"
        ? `no answer within ${patience / 1000} s`
        : error.message;
    throw new Refusal(
      `The cluster at ${access.server.origin}${access.context ? ` (context ${access.context})` : ""} does not answer (${why}): check KUBECONFIG, the context and the network.`,
    );
  }) as Promise<{ status: number; text: string }>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
