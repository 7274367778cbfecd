import * as v from "valibot";
import { type HttpRouteRule, type RouteRulesArgs, routeRules } from "./route.ts";
import type { Rule } from "./rule.ts";
import { rulesSchema } from "./rule-schema.ts";
import { checked, type Fault, wholeNumber } from "./schema.ts";

/** Traffic split by a gateway: the way to any share of the requests, to user rules, and to a dark canary by token. */
export interface GatewayArgs {
  /** The ways in. Several where hostnames come by different gateways or go to different ports. */
  readonly routes: readonly RouteArgs[];
  /** Who meets which track whatever the weight; the first that a request meets decides. @default none */
  readonly rules?: readonly Rule[];
  /** Canary pods at any weight, so that one dead pod is no outage of the whole share. @default 2 */
  readonly minimumCanaryReplicas?: number;
}

/** One HTTPRoute. */
export interface RouteArgs {
  /** Needed where there are several. @default the service's name */
  readonly name?: string;
  /** The Gateways that it attaches to, which have to exist and allow routes from the service's namespace. */
  readonly gateways: readonly GatewayRef[];
  /** As in HTTPRoute: lower case, `*.` for one more label or several. @default those of the listener */
  readonly hostnames?: readonly string[];
  /** Number of the Service's port. @default the first port */
  readonly port?: number;
  /**
   * A header that answers of canary carry, by which `gray probe` knows that canary answered. A filter on one backend also makes
   * Envoy Gateway count the backends apart (envoyproxy/gateway#7017). Extended, without a feature name where it stands;
   * Traefik 3.6 ignores it. @default none
   */
  readonly canaryHeader?: { readonly name: string; readonly value: string };
}

/** An existing Gateway. */
export interface GatewayRef {
  readonly name: string;
  /** @default the service's */
  readonly namespace?: string;
  /** The listener, e.g. the one for HTTPS. @default all that allow the route */
  readonly sectionName?: string;
}

/** RFC 1123 labels, the first may be `*`, the last is no number: an address is no hostname. */
const hostname = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const objectName = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
    "must be the name of an object: lower-case letters, digits and dashes",
  ),
);
const gateway = v.strictObject({
  name: objectName,
  namespace: v.optional(objectName),
  sectionName: v.optional(objectName),
});
const host = v.pipe(
  v.string(),
  v.maxLength(253, "must be at most 253 characters"),
  v.regex(hostname, "must be a hostname in lower case, like shop.example.com or *.example.com"),
  v.check((name) => !/\.?\d+$/.test(name.split(".").at(-1) ?? ""), "must be a hostname, not an address"),
);
const canaryHeader = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,256}$/, "must be 1 to 256 letters, digits or dashes")),
  value: v.pipe(v.string(), v.regex(/^[!-~]{1,4096}$/, "must be printable ASCII without spaces")),
});
const route = v.strictObject({
  name: v.optional(objectName),
  gateways: v.pipe(
    v.array(gateway, "must be a list of Gateways"),
    v.nonEmpty("must name a Gateway"),
    v.maxLength(32, "must be at most 32 Gateways"),
  ),
  hostnames: v.optional(
    v.pipe(
      v.array(host),
      v.nonEmpty("must name a host, or be left out"),
      v.maxLength(16, "must be at most 16 names: an HTTPRoute has no room for more"),
    ),
  ),
  port: v.optional(wholeNumber(1, 65535)),
  canaryHeader: v.optional(canaryHeader),
});

/** What types cannot say of {@link GatewayArgs}. Messages go on from "<argument> is <value>: ". */
export const gatewaySchema = v.strictObject({
  routes: v.pipe(
    v.array(route, "must be a list of routes"),
    v.nonEmpty("must have a route: without one no user comes in"),
    checked((routes): Fault | undefined => {
      const names = routes.map(({ name }) => name);
      const alike = (name: string | undefined, i: number) => name === undefined || names.indexOf(name) !== i;
      const i = names.length > 1 ? names.findIndex(alike) : -1;
      return i < 0 ? undefined : { at: [i, "name"], message: "several routes need a name each that no other has" };
    }),
  ),
  rules: v.optional(rulesSchema),
  minimumCanaryReplicas: v.optional(wholeNumber(1)),
});

/** The spec of an HTTPRoute, with every default written out, so that the live object equals it. */
export interface HttpRouteSpec<Token = string> {
  readonly parentRefs: readonly GatewayRef[];
  readonly hostnames?: readonly string[];
  readonly rules: readonly HttpRouteRule<Token>[];
}

/**
 * The spec of the HTTPRoute of one way in.
 *
 * @param namespace the service's
 * @throws Refusal if the rules do not fit into an HTTPRoute
 */
export function routeSpec<Token = string>(
  route: RouteArgs,
  namespace: string,
  rules: Omit<RouteRulesArgs<Token>, "canaryHeader">,
): HttpRouteSpec<Token> {
  const { gateways, hostnames, canaryHeader } = route;
  return {
    parentRefs: gateways.map((gateway) => ({
      group: "gateway.networking.k8s.io",
      kind: "Gateway",
      namespace,
      ...gateway,
    })),
    ...(hostnames && { hostnames }),
    rules: routeRules({ ...rules, ...(canaryHeader && { canaryHeader }) }),
  };
}
