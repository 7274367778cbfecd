/** Finds the endpoints by which a dark canary can be reached: the gateway with a secret token, or the pods through the API server. */

import type { Pod } from "../analysis/reading.ts";
import { backendName } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import type { ServicePort } from "../kubernetes/objects/service.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { listPods } from "../live/pods.ts";
import { readRoutes } from "../live/traffic/gateway/routes.ts";
import type { Endpoint } from "./endpoint.ts";
import { gatewayEndpoint } from "./gateway-endpoint.ts";
import { podEndpoint } from "./pod-endpoint.ts";

/** Access paths: `token` through the gateway with the secret header, `pods` through the API server to each pod. */
export const accessPaths = ["token", "pods"] as const;
/** One of the access paths. */
export type AccessPath = (typeof accessPaths)[number];

/** Which canary to reach, and how. */
export interface EndpointArgs extends ServiceHandle {
  /** @default token if the service has an HTTPRoute, else pods */
  readonly via?: AccessPath;
  /** Address of the gateway, such as `https://192.0.2.1`. @default the address in the Gateway's status */
  readonly url?: URL;
  /** Ports of the Service that requests will use. @default the first one */
  readonly ports?: readonly number[];
  /** Aborts the requests. @default none */
  readonly signal?: AbortSignal;
}

/** The endpoints of the live canary. */
export interface Endpoints {
  /** The access path of `all`. */
  readonly by: AccessPath;
  /** The release that canary runs. */
  readonly release: string;
  /** The Service's first port. */
  readonly mainPort: number;
  /** One endpoint by token, or one for each ready pod. */
  readonly all: readonly [Endpoint, ...Endpoint[]];
  /**
   * An endpoint for each ready pod. It needs no gateway, and its answers are certainly canary's.
   *
   * @throws UserError if a pod lacks a requested port
   */
  toPods(): readonly Endpoint[];
}

/** A sentence for the user if the answers may not be canary's; undefined if every endpoint verifies that they are. */
export function doubtOf(all: readonly Endpoint[], ports: readonly number[]): string | undefined {
  if (all.every((endpoint) => ports.every((port) => endpoint.verifies(port)))) return undefined;
  return "Nothing shows that these answers are canary's, because its route has no canaryHeader: stable, or another service behind the gateway, may have given them.";
}

/**
 * Finds the endpoints of a dark canary.
 *
 * 1. Canary has a ready pod, and all its ready pods run one release; else the answers could not be attributed to a release.
 * 2. By token there is one endpoint, by pods one for each ready pod.
 * 3. Every requested port can be reached.
 *
 * @throws UserError for the first condition that does not hold
 * @example const { all } = await canaryEndpoints({ api, namespace: "dora-apps", service: "web" });
 */
export async function canaryEndpoints(args: EndpointArgs): Promise<Endpoints> {
  const { api, namespace, via, ports } = args;
  const [pods, routes, front] = await Promise.all([
    listPods(args),
    via === "pods" ? [] : readRoutes(args),
    readCanaryService(args),
  ]);
  const { ready, release } = readyCanary(args, pods);
  const mainPort = front[0].port;
  const asked = ports ?? [mainPort];
  const toPods = () => ready.map((pod) => podEndpoint(api, namespace, pod, front, asked));
  const common = { release, mainPort, toPods };
  if ((via ?? (routes.length > 0 ? "token" : "pods")) === "token") {
    const endpoint = await gatewayEndpoint({ ...args, routes, ports: asked });
    return { by: "token", ...common, all: [endpoint] };
  }
  const [first, ...more] = common.toPods();
  return { by: "pods", ...common, all: [first as Endpoint, ...more] };
}

function readyCanary({ namespace, service }: ServiceHandle, pods: readonly Pod[]): { ready: Pod[]; release: string } {
  const ready = pods.filter((pod) => pod.track === "canary" && pod.ready && !pod.terminating);
  const [release, other] = new Set(ready.map((pod) => pod.release));
  if (release === undefined) {
    throw new UserError(
      `Canary of ${service} in namespace ${namespace} has no ready pod, so no request was sent: see gray status, and start canary with pulumi up of the stack that owns canary.`,
    );
  }
  if (other !== undefined) {
    throw new UserError(
      `Canary of ${service} in namespace ${namespace} has ready pods of two releases, ${release} and ${other}: wait until its roll is complete (gray status).`,
    );
  }
  return { ready, release };
}

async function readCanaryService({
  api,
  namespace,
  service,
}: ServiceHandle): Promise<readonly [ServicePort, ...ServicePort[]]> {
  const name = backendName(service, "canary");
  const path = objectPath("Service", namespace, name);
  const found = await api.get(path);
  if (found?.spec.ports === undefined) {
    throw new UserError(
      `There is no Service ${name} in namespace ${namespace}: run pulumi up of the stack that owns canary.`,
    );
  }
  return found.spec.ports;
}
