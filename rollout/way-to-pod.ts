import type { Pod } from "../analysis/reading.ts";
import { isPlainPath } from "../components/check.ts";
import { Refusal } from "../components/refusal.ts";
import { type Cluster, refusedBy } from "./cluster.ts";
import type { Way } from "./way.ts";

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
export function wayToPod(
  api: Cluster,
  namespace: string,
  pod: Pod,
  ports: readonly ServicePort[],
  asked: readonly number[],
): Way {
  const proxies = new Map(
    asked.map((port) => [
      port,
      `/api/v1/namespaces/${namespace}/pods/${pod.name}:${containerPort(pod, ports, port)}/proxy`,
    ]),
  );
  return {
    name: pod.name,
    async send({ port, path, headers, ...request }) {
      const kept = Object.keys(headers).find((name) => /^(authorization$|impersonate-)/i.test(name));
      if (kept !== undefined) {
        throw new Error(
          `the API server keeps the header ${kept} for itself, so a pod cannot be asked with it: ask by token`,
        );
      }
      // From a path that leads upwards it would be any request to the API server, in the name of whoever runs this.
      if (!isPlainPath(path)) throw new Error(`the path ${path} leads upwards: write the path that is meant`);
      return api.forward(`${proxies.get(port)}${path}`, { ...request, headers });
    },
    foreign: ({ status, text = "" }) => {
      const said = statusMessage(text);
      if (status < 400 || said === undefined) return undefined;
      if (status === 403) throw refusedBy(status, text, `pods/proxy of ${pod.name}`);
      return `the API server answers ${status} in its place: ${said}`;
    },
    relative(location) {
      if (!URL.canParse(location, "http://pod")) return location;
      // The API server puts its own path before that of the pod (proxyutil.Transport).
      const { pathname, search, hash } = new URL(location, "http://pod");
      const proxy = [...proxies.values()].find((each) => pathname === each || pathname.startsWith(`${each}/`));
      return proxy === undefined ? location : (pathname.slice(proxy.length) || "/") + search + hash;
    },
    hide: (text) => text,
  };
}

function containerPort(pod: Pod, ports: readonly ServicePort[], asked: number): number {
  const target = ports.find(({ port }) => port === asked)?.targetPort;
  if (typeof target === "number") return target;
  const found = pod.ports.find(({ name }) => name !== undefined && name === target);
  if (found) return found.containerPort;
  throw new Refusal(
    `Port ${asked} of the Service leads to no port of ${pod.name}: correct ports and containers, or the check that names it.`,
  );
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
