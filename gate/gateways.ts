/** Checks that the gateways of a service can carry its traffic. */

import { backendName, serviceLabel } from "../components/names.ts";
import { assertSupported } from "../components/rule.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import type { GatewayArgs, GatewayRef } from "../components/traffic/gateway/args.ts";
import { UserError } from "../components/user-error.ts";
import { clusterObjectPath, objectPath } from "../kubernetes/resources.ts";
import { isServed } from "../kubernetes/served.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { readGateway, readRoute } from "../live/traffic/gateway/routes.ts";

/**
 * Checks that the gateways of a service can carry its traffic.
 *
 * 1. The cluster has the Gateway API.
 * 2. Each Gateway exists, and has the listener that a route names.
 * 3. Its class supports the features that the rules need, if the class reports its features.
 * 4. The HTTPRoutes, and the Service for stable alone, belong to this service or do not exist.
 *
 * @param args the arguments of the service. Without `gateway` nothing is checked
 * @throws UserError for the first condition that does not hold
 */
export async function assertGateways(of: ServiceHandle, { gateway }: Pick<ServiceArgs, "gateway">): Promise<void> {
  if (gateway === undefined) return;
  const { routes, rules = [] } = gateway;
  const { api, namespace, service } = of;
  if (!(await isServed(api, "HTTPRoute"))) {
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
  const features = found?.status?.supportedFeatures?.map((feature) =>
    typeof feature === "string" ? feature : feature.name,
  );
  assertSupported(service, rules, gatewayClassName, features);
}
