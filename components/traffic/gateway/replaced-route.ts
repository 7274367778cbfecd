/** Describes a live HTTPRoute, which leads to the shared Service alone, by the route that takes its place. */

import { canonicalJson } from "../../canonical.ts";
import { mainPort, type ServiceArgs } from "../../service-args.ts";
import { type GatewayRef, type RouteArgs, routeSpec } from "./args.ts";

/** An HTTPRoute that another program made; the fields read here. */
export interface ForeignRoute {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly parentRefs?: readonly (GatewayRef & { readonly kind?: string; readonly port?: number })[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly object[];
  };
}

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
 * @returns why no route can take its place, without a full stop, if none can
 * @example replacementOf(route, "web", 80) // { gateways: [{ name: "public" }], hostnames: ["shop.example.com"] }
 */
export function replacementOf({ metadata, spec }: ForeignRoute, service: string, mainPort: number): RouteArgs | string {
  const [rule, ...others] = (spec.rules ?? []) as readonly LiveRule[];
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

/**
 * Why the program's route of the same name cannot take the place of a live HTTPRoute, as a part of a sentence; undefined if it can: it has the
 * same Gateways, hostnames and port.
 *
 * @example routeObstacle("web", args, route) // undefined
 */
export function routeObstacle(service: string, args: ServiceArgs, route: ForeignRoute): string | undefined {
  const { name } = route.metadata;
  const found = replacementOf(route, service, mainPort(args));
  if (typeof found === "string") return `HTTPRoute ${name} cannot be taken over, because ${found}, so change it first`;
  const wanted = args.gateway?.routes.find((each) => (each.name ?? service) === name);
  const [is, asked] = [found, wanted].map((each) => each && reachOf(service, args, each));
  if (is === asked) return undefined;
  return `HTTPRoute ${name} has ${is} and the program has ${asked ?? "no such route"}, so change the program to the live route`;
}

/** What a route is reached by, as text. */
function reachOf(service: string, args: ServiceArgs, route: RouteArgs): string {
  const { port = mainPort(args) } = route;
  const rules = { service, port, token: "", rules: [], backends: { stable: 100, canary: 0 } };
  const { parentRefs, hostnames = [] } = routeSpec(route, args.namespace, rules);
  return canonicalJson({
    gateways: parentRefs.map(({ name, namespace, sectionName }) => ({ name, namespace, sectionName })),
    hostnames,
    port,
  });
}
