/** Reads the HTTPRoutes and Gateways of a service, and checks that they can carry its traffic. */

import { type GatewayArgs, type GatewayRef, routeSpec } from "../components/gateway.ts";
import { backendName, serviceLabel } from "../components/names.ts";
import { assertSupported } from "../components/rule.ts";
import { finestWeight, type Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError, NotServed, Unreachable } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { GatewayObject } from "../kubernetes/objects/gateway.ts";
import type { RouteObject } from "../kubernetes/objects/route.ts";
import { clusterObjectPath, listPath, objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";

/**
 * The live HTTPRoutes of a service.
 *
 * 1. If the list can be read, it counts.
 * 2. If it is not served, or may not be read, and the API server reports no Gateway API, there are none.
 *
 * @throws ApiError or Unreachable if the list cannot be read and the cluster has the Gateway API
 */
export async function readRoutes({ api, namespace, service }: ServiceHandle): Promise<readonly RouteObject[]> {
  try {
    return await api.list(listPath("HTTPRoute", namespace), `${serviceLabel}=${service}`);
  } catch (error) {
    const mayBeAbsent = error instanceof NotServed || (error instanceof ApiError && error.status === 403);
    if (mayBeAbsent && !(await hasGatewayApi(api))) return [];
    throw error;
  }
}

/**
 * Whether the cluster has the Gateway API. The API server's list of groups decides, because for a group that it does not have it answers
 * a plain 404, as a proxy does.
 *
 * @throws Unreachable if the answer is not that list
 */
export async function hasGatewayApi(api: Cluster): Promise<boolean> {
  interface ApiGroupList {
    readonly kind?: string;
    readonly groups?: { readonly versions: readonly { readonly groupVersion: string }[] }[];
  }
  const { apiVersion } = typeOf("HTTPRoute");
  const found = await api.get<ApiGroupList>("/apis");
  if (found?.kind !== "APIGroupList" || !Array.isArray(found.groups)) {
    throw new Unreachable("The answer to GET /apis is no list of API groups: check for a proxy before the API server.");
  }
  return found.groups.some(({ versions }) => versions.some(({ groupVersion }) => groupVersion === apiVersion));
}

/** An HTTPRoute by its name; undefined if it does not exist. */
export function readRoute(api: Cluster, namespace: string, name: string): Promise<RouteObject | undefined> {
  return api.get(objectPath("HTTPRoute", namespace, name));
}

/** A Gateway by its name; undefined if it does not exist. */
export function readGateway(api: Cluster, namespace: string, name: string): Promise<GatewayObject | undefined> {
  return api.get(objectPath("Gateway", namespace, name));
}

/**
 * Checks that the gateways of a service can carry its traffic.
 *
 * 1. The cluster has the Gateway API.
 * 2. Each Gateway exists, and has the listener that a route names.
 * 3. Its class supports the features that the rules need, if the class reports its features.
 * 4. The HTTPRoutes, and the Service for stable alone, belong to this service or do not exist.
 *
 * @throws UserError for the first condition that does not hold
 */
export async function assertGateways(of: ServiceHandle, { routes, rules = [] }: GatewayArgs): Promise<void> {
  const { api, namespace, service } = of;
  if (!(await hasGatewayApi(api))) {
    throw new UserError(
      `${service}: the cluster has no Gateway API (gateway.networking.k8s.io/v1): install its Standard channel and a gateway, or remove gateway from the arguments.`,
    );
  }
  const named = Map.groupBy(
    routes.flatMap(({ gateways }) => gateways),
    (ref) => `${ref.namespace ?? namespace}/${ref.name}`,
  );
  await Promise.all([...named.values()].map((refs) => assertGateway(of, refs, rules)));
  for (const { name = service } of routes) {
    const route = await readRoute(api, namespace, name);
    assertOwn("HTTPRoute", route, service, namespace, "choose another name for the route");
  }
  const stable = await api.get(objectPath("Service", namespace, backendName(service, "stable")));
  assertOwn("Service", stable, service, namespace, "choose another service name");
}

interface Labelled {
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
}

/** @throws UserError if the object exists and does not belong to this service */
function assertOwn(
  kind: string,
  object: Labelled | undefined,
  service: string,
  namespace: string,
  advice: string,
): void {
  if (object === undefined) return;
  const owner = object.metadata.labels?.[serviceLabel];
  if (owner === service) return;
  const whose = owner === undefined ? "was not created by this program" : `belongs to the service ${owner}`;
  throw new UserError(
    `${service}: ${kind} ${object.metadata.name} in namespace ${namespace} ${whose}: ${advice}, or remove that ${kind} yourself.`,
  );
}

/** @param refs all of one Gateway */
async function assertGateway(
  { api, namespace: home, service }: ServiceHandle,
  refs: readonly GatewayRef[],
  rules: NonNullable<GatewayArgs["rules"]>,
): Promise<void> {
  const { name = "", namespace = home } = refs[0] ?? {};
  const gateway = await readGateway(api, namespace, name);
  if (gateway === undefined) {
    throw new UserError(
      `${service}: there is no Gateway ${name} in namespace ${namespace}: correct gateway.routes, or create that Gateway first.`,
    );
  }
  const listeners = (gateway.spec.listeners ?? []).map((listener) => listener.name);
  const unknown = refs.find(({ sectionName }) => sectionName !== undefined && !listeners.includes(sectionName));
  if (unknown) {
    throw new UserError(
      `${service}: Gateway ${name} in namespace ${namespace} has no listener ${unknown.sectionName}: choose one of ${listeners.join(", ")}.`,
    );
  }
  const { gatewayClassName } = gateway.spec;
  const found = await api.get(clusterObjectPath("GatewayClass", gatewayClassName));
  const features = found?.status?.supportedFeatures?.map((feature) => feature.name);
  assertSupported(service, rules, gatewayClassName, features);
}

/** The percent of requests that a live route sends to canary by weight, read from its last rule; 0 if that names stable alone. */
export function weightOf({ metadata, spec }: RouteObject): number {
  const backends = spec.rules?.at(-1)?.backendRefs ?? [];
  const weights = backends.map(({ weight = 1 }) => weight);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const canary = backends.findIndex(
    ({ name }) => name === backendName(metadata.labels?.[serviceLabel] ?? "", "canary"),
  );
  return canary < 0 || all === 0 ? 0 : (100 * (weights[canary] ?? 0)) / all;
}

/** The percent of requests that the routes send to canary by weight; the largest if they differ, undefined if there are none. */
export function largestWeight(routes: readonly RouteObject[]): number | undefined {
  return routes.length > 0 ? Math.max(...routes.map(weightOf)) : undefined;
}

/** Whether a live route sends canary this percent of requests, within half of the finest weight, because neither number is exact. */
export function hasWeight(route: RouteObject, weight: number): boolean {
  return Math.abs(weightOf(route) - weight) < finestWeight / 2;
}

/**
 * Compiles the rules of a service's routes before anything is registered, so that rules that do not fit into an HTTPRoute are refused in
 * time.
 *
 * @throws UserError if they do not fit
 */
export function assertRoutes(
  service: string,
  namespace: string,
  port: number,
  { routes, rules = [] }: GatewayArgs,
  backends: Record<Track, number>,
): void {
  for (const route of routes) {
    routeSpec(route, namespace, { service, port: route.port ?? port, token: "", rules, backends });
  }
}
