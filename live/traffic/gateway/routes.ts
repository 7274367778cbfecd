/** Reads the HTTPRoutes and Gateways of a service. */

import { serviceLabel } from "../../../components/names.ts";
import { ApiError, NotServed } from "../../../kubernetes/api-error.ts";
import type { Cluster } from "../../../kubernetes/cluster.ts";
import type { GatewayObject } from "../../../kubernetes/objects/gateway.ts";
import type { RouteObject } from "../../../kubernetes/objects/route.ts";
import { listPath, objectPath } from "../../../kubernetes/resources.ts";
import { isServed } from "../../../kubernetes/served.ts";
import type { ServiceHandle } from "../../../kubernetes/service-handle.ts";

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
    if (mayBeAbsent && !(await isServed(api, "HTTPRoute"))) return [];
    throw error;
  }
}

/** An HTTPRoute by its name; undefined if it does not exist. */
export function readRoute(api: Cluster, namespace: string, name: string): Promise<RouteObject | undefined> {
  return api.get(objectPath("HTTPRoute", namespace, name));
}

/** A Gateway by its name; undefined if it does not exist. */
export function readGateway(api: Cluster, namespace: string, name: string): Promise<GatewayObject | undefined> {
  return api.get(objectPath("Gateway", namespace, name));
}
