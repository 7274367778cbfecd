import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Pod } from "../analysis/reading.ts";
import { oneLine } from "../border/foreign-text.ts";
import { isPlainPath, pathOf } from "../border/path.ts";
import { UserError } from "../components/user-error.ts";
import { type Cluster, refusedBy } from "../kubernetes/cluster.ts";
import type { Endpoint } from "./endpoint.ts";

/** A port of a Service as the API server has it; the fields used here. */
export interface ServicePort {
  readonly port: number;
  readonly targetPort: number | string;
}

/**
 * The way to one pod through the API server. Any network and any gateway will do, or none; what it needs is the right to
 * `pods/proxy`. It differs from the users' way in what the API server does: it keeps `authorization` and `impersonate-*` for
 * itself, says its own name in `host`, and rewrites links in HTML.
 *
 * @param ports those of the Service
 * @param asked numbers of those that will be asked
 * @throws Refusal if the pod lacks one of them
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
      pathOf("api", "v1", "namespaces", namespace, "pods", `${pod.name}:${containerPort(pod, ports, port)}`, "proxy"),
    ]),
  );
  return {
    name: pod.name,
    async send({ port, path, headers, ...request }) {
      const kept = Object.keys(headers).find((name) => /^(authorization$|impersonate-)/i.test(name));
      if (kept !== undefined) {
        throw new Error(
          `the API server keeps the header ${kept} for itself, so a pod cannot be asked with it: ask with --via token`,
        );
      }
      // From a path that leads upwards it would be any request to the API server, in the name of whoever runs this.
      if (!isPlainPath(path)) throw new Error(`the path ${oneLine(path)} leads upwards: write the path that is meant`);
      const target = `${proxies.get(port)}${path}`;
      const answer = await api.forward(target, { ...request, headers });
      if (!mayBeStatus(answer)) return answer;
      // The answer to a HEAD has no body to go by. To the API server GET is the same request.
      const { "content-length": _, "transfer-encoding": __, ...bare } = headers;
      const { method, signal } = request;
      const telling = method === "HEAD" ? await api.forward(target, { method: "GET", headers: bare, signal }) : answer;
      assertFromPod(pod.name, telling.statusCode ?? 0, await beginningOf(telling, signal));
      if (telling !== answer) telling.destroy();
      return answer;
    },
    tells: () => true,
    foreign: () => undefined,
    relative(location) {
      if (!URL.canParse(location, "http://pod")) return location;
      // The API server puts its own path before that of the pod (proxyutil.Transport).
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

/** Bytes of a body among which an answer of the API server's own ends. */
const longestStatus = 64 * 1024;

/** Its headers do not tell: the API server puts the same ones on a pod's answer (1.36). */
function mayBeStatus({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 400 && /^application\/json\b/i.test(headers["content-type"] ?? "");
}

/** The beginning of a body, which stays there to be read. */
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
 * @param text the answer, as far as it was read
 * @throws ApiError where the API server answered in the pod's place; Error where that is because the pod does not answer
 */
function assertFromPod(pod: string, status: number, text: string): void {
  const said = statusMessage(text);
  if (said === undefined) return;
  // What its proxy says of a connection that does not come about (k8s.io/apimachinery/pkg/util/proxy).
  if (status === 503 && said.startsWith("error trying to reach service"))
    throw new Error(`the API server says: ${oneLine(said)}`);
  throw refusedBy(status, text, `pods/proxy of ${pod}`);
}

/** What the API server says in an answer of its own (meta/v1 Status); undefined where the pod answered. */
function statusMessage(text: string): string | undefined {
  try {
    const { kind, apiVersion, message } = JSON.parse(text) as Record<string, unknown>;
    return kind === "Status" && apiVersion === "v1" ? String(message) : undefined;
  } catch {
    return undefined;
  }
}
