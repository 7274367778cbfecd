/** Describes a live HTTPRoute by arguments. */

import type { GatewayRef, RouteArgs } from "../components/traffic/gateway/args.ts";
import type { RouteObject } from "../kubernetes/objects/route.ts";

/** A rule of an HTTPRoute that another program wrote: any field of the API. */
interface LiveRule {
  readonly name?: string;
  readonly matches?: readonly {
    readonly path?: { readonly type?: string; readonly value?: string };
    readonly [other: string]: unknown;
  }[];
  readonly backendRefs?: readonly {
    readonly kind?: string;
    readonly name: string;
    readonly namespace?: string;
    readonly port?: number;
    readonly filters?: readonly object[];
  }[];
  readonly [other: string]: unknown;
}

/**
 * The route that takes the place of this HTTPRoute: the same Gateways, hostnames and port, with all requests to one Service.
 *
 * @param service name of the Service
 * @param mainPort number of its first port
 * @returns why it cannot be described, without a full stop, if it cannot
 */
export function describeRoute({ metadata, spec }: RouteObject, service: string, mainPort: number): RouteArgs | string {
  const [rule, ...others] = (spec.rules ?? []) as unknown as readonly LiveRule[];
  if (rule === undefined) return "it has no rule";
  if (others.length > 0)
    return "it has several rules, and a route of the argument gateway sends all requests to the service";
  const { name: _, matches = [], backendRefs = [], ...further } = rule;
  const more = Object.keys(further)[0];
  if (more !== undefined) return `its rule has ${more}, which the argument gateway has not`;
  const isAny = matches.every(
    ({ path, ...other }) =>
      Object.keys(other).length === 0 && (path?.type ?? "PathPrefix") === "PathPrefix" && (path?.value ?? "/") === "/",
  );
  if (!isAny) return "its rule matches some requests only, and a route of the argument gateway takes all of a host";
  const [backend, ...otherBackends] = backendRefs;
  const isPlain = (backend?.kind ?? "Service") === "Service" && backend?.namespace === undefined && !backend?.filters;
  if (backend?.name !== service || otherBackends.length > 0 || !isPlain) {
    return `its backend is not Service ${service} alone`;
  }
  const parents = spec.parentRefs ?? [];
  const strange = parents.find(({ kind = "Gateway", port }) => kind !== "Gateway" || port !== undefined);
  if (parents.length === 0 || strange) return "a parent of it is no Gateway, or is chosen by a port";
  return {
    ...(metadata.name !== service && { name: metadata.name }),
    gateways: parents.map((parent) => gatewayOf(parent, metadata.namespace)),
    ...(spec.hostnames && { hostnames: [...spec.hostnames] }),
    ...(backend.port !== undefined && backend.port !== mainPort && { port: backend.port }),
  };
}

function gatewayOf({ name, namespace, sectionName }: GatewayRef, own: string): GatewayRef {
  return {
    name,
    ...(namespace !== undefined && namespace !== own && { namespace }),
    ...(sectionName !== undefined && { sectionName }),
  };
}
