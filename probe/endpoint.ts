import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Pod } from "../analysis/reading.ts";
import { pathOf } from "../border/path.ts";
import { backendName } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { listPods } from "../live/pods.ts";
import { readRoutes } from "../live/routes.ts";
import { gatewayEndpoint } from "./gateway-endpoint.ts";
import { podEndpoint, type ServicePort } from "./pod-endpoint.ts";

/** A way to canary that users do not take. */
export interface Endpoint {
  /** What reports call it: `token`, or the name of the pod at its end. */
  readonly name: string;
  /**
   * Sends a request; resolves when the answer begins.
   *
   * @throws Error whose message says why there is none; Refusal or ApiError where that has nothing to do with canary
   */
  send(request: WayRequest): Promise<IncomingMessage>;
  /** Whether it can be told of an answer on this port that it is canary's own. */
  tells(port: number): boolean;
  /**
   * Why an answer that came is not canary's own; undefined where it is, or where that cannot be told.
   *
   * @param port the one that was asked
   */
  foreign(headers: IncomingMessage["headers"], port: number): string | undefined;
  /** A redirection for whoever goes on this way: without its host and what else is of the way, where it leads to canary. */
  relative(location: string): string;
  /** What of an answer must not be shown, should canary say it: some echo what they are asked. */
  readonly secrets: readonly string[];
}

export interface WayRequest {
  /** Number of the Service's port. */
  readonly port: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Readable | undefined;
  /** Ends request and answer. */
  readonly signal: AbortSignal;
}

/** By the gateway with its secret header, or through the API server to each pod. */
export const waysOfAsking = ["token", "pods"] as const;
export type By = (typeof waysOfAsking)[number];

export interface EndpointArgs {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  /** @default token where the service has an HTTPRoute, else pods */
  readonly via?: By;
  /** Address of the gateway, as in `https://192.0.2.1`. @default what the Gateway says */
  readonly url?: URL;
  /** Numbers of the Service's ports that are asked. @default the first one */
  readonly ports?: readonly number[];
  /** Ends the asking. @default nothing does */
  readonly signal?: AbortSignal;
}

/** The ways to canary as it stands. */
export interface Endpoints {
  readonly by: By;
  /** The release that canary runs. */
  readonly release: string;
  /** The Service's first port. */
  readonly mainPort: number;
  readonly all: readonly [Endpoint, ...Endpoint[]];
  /**
   * The way to each ready pod, which needs no gateway, and where there is no doubt who answers.
   *
   * @throws Refusal if a pod lacks a port that is asked
   */
  toPods(): readonly Endpoint[];
}

/** What nothing in the answers shows; undefined where each way tells whose they are. */
export function doubtOf(all: readonly Endpoint[], ports: readonly number[]): string | undefined {
  if (all.every((endpoint) => ports.every((port) => endpoint.tells(port)))) return undefined;
  return "Nothing shows that these answers are canary's, as its route has no canaryHeader: stable, or whoever else the gateway knows, may have given them.";
}

/**
 * Finds the ways to a dark canary.
 *
 * 1. Canary has a ready pod, and ready pods of one release only: otherwise the answers would be of which release?
 * 2. By token there is one way, by pods one to each ready pod.
 * 3. Every port that is asked can be reached.
 *
 * @throws Refusal for the first of these that does not hold
 */
export async function canaryEndpoints({ api, namespace, service, via, url, ports }: EndpointArgs): Promise<Endpoints> {
  const [pods, routes, front] = await Promise.all([
    listPods(api, namespace, service),
    via === "pods" ? [] : readRoutes(api, namespace, service),
    readCanaryService(api, namespace, service),
  ]);
  const { ready, release } = readyCanary(service, namespace, pods);
  const mainPort = front[0].port;
  const asked = ports ?? [mainPort];
  const toPods = () => ready.map((pod) => podEndpoint(api, namespace, pod, front, asked));
  const common = { release, mainPort, toPods };
  if ((via ?? (routes.length > 0 ? "token" : "pods")) === "token") {
    const endpoint = await gatewayEndpoint({ api, namespace, service, routes, ports: asked, ...(url && { url }) });
    return { by: "token", ...common, all: [endpoint] };
  }
  const [first, ...more] = common.toPods();
  return { by: "pods", ...common, all: [first as Endpoint, ...more] };
}

function readyCanary(service: string, namespace: string, pods: readonly Pod[]): { ready: Pod[]; release: string } {
  const ready = pods.filter((pod) => pod.track === "canary" && pod.ready && !pod.terminating);
  const [release, other] = new Set(ready.map((pod) => pod.release));
  if (release === undefined) {
    throw new UserError(
      `Canary of ${service} in namespace ${namespace} has no ready pod, so nothing was asked: see gray status, and have canary run with pulumi up --stack canary.`,
    );
  }
  if (other !== undefined) {
    throw new UserError(
      `Canary of ${service} in namespace ${namespace} has ready pods of two releases, ${release} and ${other}: wait until its roll is through (gray status).`,
    );
  }
  return { ready, release };
}

async function readCanaryService(
  api: Cluster,
  namespace: string,
  service: string,
): Promise<readonly [ServicePort, ...ServicePort[]]> {
  const name = backendName(service, "canary");
  const path = pathOf("api", "v1", "namespaces", namespace, "services", name);
  const found = await api.get<{ spec: { ports: readonly [ServicePort, ...ServicePort[]] } }>(path);
  if (found === undefined) {
    throw new UserError(`There is no Service ${name} in namespace ${namespace}: run pulumi up --stack canary.`);
  }
  return found.spec.ports;
}
