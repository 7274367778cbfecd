/** Reaches one pod of canary through the API server's proxy. */

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Pod } from "../analysis/reading.ts";
import { oneLine } from "../border/foreign-text.ts";
import { isPlainPath } from "../border/path.ts";
import { UserError } from "../components/user-error.ts";
import { refusedBy } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { ServicePort } from "../kubernetes/objects/service.ts";
import { subresourcePath } from "../kubernetes/resources.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * An endpoint for one pod through the API server. It works with any network and without a gateway, and needs the permission
 * `pods/proxy`. Requests differ from those of users: the API server does not forward `authorization` and `impersonate-*`, puts its own
 * name into `host`, and rewrites links in HTML.
 *
 * @param ports of the Service
 * @param asked the ports of these that requests will use
 * @throws UserError if the pod lacks one of them
 */
export function podEndpoint(
  api: Cluster,
  namespace: string,
  pod: Pod,
  ports: readonly ServicePort[],
  asked: readonly number[],
): Endpoint {
  const proxies = new Map(
    asked.map((port) => [
      port,
      subresourcePath("Pod", namespace, `${pod.name}:${containerPort(pod, ports, port)}`, "proxy"),
    ]),
  );
  return {
    name: pod.name,
    async send({ port, path, headers, ...request }) {
      const reserved = Object.keys(headers).find((name) => /^(authorization$|impersonate-)/i.test(name));
      if (reserved !== undefined) {
        throw new Error(
          `the API server does not forward the header ${reserved}, so it cannot be sent to a pod: probe with --via token`,
        );
      }
      // A path with `..` could reach any other part of the API, with the user's permissions.
      if (!isPlainPath(path)) throw new Error(`the path ${oneLine(path)} leads upwards: write it without ".."`);
      const target = `${proxies.get(port)}${path}`;
      const answer = await api.forward(target, { ...request, headers });
      if (!mayBeStatus(answer)) return answer;
      // The answer to a HEAD has no body to tell who sent it, so the same request is sent as GET.
      const { "content-length": _, "transfer-encoding": __, ...bare } = headers;
      const { method, signal } = request;
      const withBody = method === "HEAD" ? await api.forward(target, { method: "GET", headers: bare, signal }) : answer;
      assertFromPod(pod.name, withBody.statusCode ?? 0, await beginningOf(withBody, signal));
      if (withBody !== answer) withBody.destroy();
      return answer;
    },
    verifies: () => true,
    foreign: () => undefined,
    relative(location) {
      if (!URL.canParse(location, "http://pod")) return location;
      // The API server prepends its proxy path to the pod's path (proxyutil.Transport).
      const { pathname, search, hash } = new URL(location, "http://pod");
      const proxy = [...proxies.values()].find((each) => pathname === each || pathname.startsWith(`${each}/`));
      return proxy === undefined ? location : (pathname.slice(proxy.length) || "/") + search + hash;
    },
    secrets: [],
  };
}

function containerPort(pod: Pod, ports: readonly ServicePort[], asked: number): number {
  const target = ports.find(({ port }) => port === asked)?.targetPort;
  if (typeof target === "number") return target;
  const found = pod.ports.find(({ name }) => name !== undefined && name === target);
  if (found) return found.containerPort;
  throw new UserError(
    `Port ${asked} of the Service leads to no port of ${pod.name}: correct ports and containers, or the check that names it.`,
  );
}

/** Largest error of the API server itself, in bytes. */
const longestStatus = 64 * 1024;

/** Whether the API server itself may have answered. The headers do not tell: it sets the same ones on a pod's answer (1.36). */
function mayBeStatus({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 400 && /^application\/json\b/i.test(headers["content-type"] ?? "");
}

/** The beginning of a body. The body can still be read from its start. */
async function beginningOf(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < longestStatus) {
    const chunk: Buffer | null = answer.read();
    if (chunk === null) {
      if (answer.complete) break;
      await once(answer, "readable", { signal });
      continue;
    }
    chunks.push(chunk);
    length += chunk.length;
  }
  const read = Buffer.concat(chunks);
  if (length > 0) answer.unshift(read);
  return read.toString("utf8");
}

/**
 * @param text the part of the answer that was read
 * @throws ApiError if the API server answered instead of the pod; Error if it did so because the pod does not answer
 */
function assertFromPod(pod: string, status: number, text: string): void {
  const reported = statusMessage(text);
  if (reported === undefined) return;
  // The proxy's error for a connection that was not established (k8s.io/apimachinery/pkg/util/proxy).
  if (status === 503 && reported.startsWith("error trying to reach service"))
    throw new Error(`the API server reports: ${oneLine(reported)}`);
  throw refusedBy(status, text, `pods/proxy of ${pod}`);
}

/** The message of an error of the API server itself (meta/v1 Status); undefined if the pod answered. */
function statusMessage(text: string): string | undefined {
  try {
    const { kind, apiVersion, message } = JSON.parse(text) as Record<string, unknown>;
    return kind === "Status" && apiVersion === "v1" ? String(message) : undefined;
  } catch {
    return undefined;
  }
}
