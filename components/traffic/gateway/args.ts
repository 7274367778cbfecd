/** The arguments of gateway mode, and the HTTPRoute specs that follow from them. */
import * as v from "valibot";
import type { Rule } from "../../rule.ts";
import { rulesSchema } from "../../rule-schema.ts";
import { checked, type Fault, wholeNumber } from "../../schema.ts";
import { type HttpRouteRule, type RouteRulesArgs, routeRules } from "./route.ts";

/**
 * Traffic split by a gateway of the Gateway API. It supports any share of the requests, user rules, and access to a dark
 * canary by secret token.
 *
 * @example
 * ```ts
 * const gateway: GatewayArgs = {
 *   routes: [{ gateways: [{ name: "public", namespace: "infra" }], hostnames: ["shop.example.com"] }],
 *   rules: [{ to: "canary", headers: { "x-beta": "1" } }],
 * };
 * ```
 */
export interface GatewayArgs {
  /** The HTTPRoutes, at least one. Use several if hostnames belong to different gateways or ports. */
  readonly routes: readonly RouteArgs[];
  /** Rules that route certain users to a track at any weight. The first rule that a request matches applies. @default none */
  readonly rules?: readonly Rule[];
  /** Minimum number of canary pods. Two, so that one failed pod does not take down all of canary. @default 2 */
  readonly minimumCanaryReplicas?: number;
}

/**
 * One HTTPRoute.
 *
 * @example
 * ```ts
 * const route: RouteArgs = { gateways: [{ name: "public", namespace: "gateways" }], hostnames: ["web.example.com"] };
 * ```
 */
export interface RouteArgs {
  /** Name of the HTTPRoute. Required and unique if there are several. @default the service's name */
  readonly name?: string;
  /** The Gateways to attach to, 1 to 32. They must exist and allow routes from the service's namespace. */
  readonly gateways: readonly GatewayRef[];
  /** At most 16 hostnames, as in HTTPRoute: lower case, `*.` for one or more labels. @default those of the listener */
  readonly hostnames?: readonly string[];
  /** Number of the Service's port. @default the first port */
  readonly port?: number;
  /**
   * A response header that the gateway adds to every response of canary. `gray probe` reads it to verify that canary answered.
   * With this filter on one backend, Envoy Gateway also has separate metrics for the backends (envoyproxy/gateway#7017). A
   * header filter on a backend has Extended support, without a feature name. Traefik 3.6 ignores it. @default none
   */
  readonly canaryHeader?: { readonly name: string; readonly value: string };
}

/**
 * An existing Gateway.
 *
 * @example
 * ```ts
 * const gateway: GatewayRef = { name: "public", namespace: "gateways", sectionName: "https" };
 * ```
 */
export interface GatewayRef {
  /** Name of the Gateway. */
  readonly name: string;
  /** Namespace of the Gateway. @default the service's namespace */
  readonly namespace?: string;
  /** Name of the listener, for example of the one for HTTPS. @default all listeners that allow the route */
  readonly sectionName?: string;
}

/** RFC 1123 labels; the first may be `*`. */
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
  v.check((name) => !/\d$/.test(name), "must be a hostname, not an address"),
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
      v.maxLength(16, "must be at most 16 names, the limit of an HTTPRoute"),
    ),
  ),
  port: v.optional(wholeNumber(1, 65535)),
  canaryHeader: v.optional(canaryHeader),
});

/** Validates {@link GatewayArgs}. Messages continue the text "<argument> is <value>: ". */
export const gatewaySchema = v.strictObject({
  routes: v.pipe(
    v.array(route, "must be a list of routes"),
    v.nonEmpty("must have a route: without one no user request reaches the service"),
    checked((routes): Fault | undefined => {
      const names = routes.map(({ name }) => name);
      const isFaulty = (name: string | undefined, i: number) => name === undefined || names.indexOf(name) !== i;
      const i = names.length > 1 ? names.findIndex(isFaulty) : -1;
      return i < 0 ? undefined : { at: [i, "name"], message: "each of several routes needs a unique name" };
    }),
  ),
  rules: v.optional(rulesSchema),
  minimumCanaryReplicas: v.optional(wholeNumber(1)),
});

/** The spec of an HTTPRoute with every default of the API filled in, so that it equals the live object. */
export interface HttpRouteSpec<Token = string> {
  readonly parentRefs: readonly GatewayRef[];
  readonly hostnames?: readonly string[];
  readonly rules: readonly HttpRouteRule<Token>[];
}

/**
 * The spec of the HTTPRoute of one route.
 *
 * @param namespace namespace of the service
 * @throws UserError if the rules exceed the limits of an HTTPRoute
 * @example
 * ```ts
 * routeSpec({ gateways: [{ name: "public" }], hostnames: ["shop.example.com"] }, "shop", {
 *   service: "web",
 *   port: 80,
 *   token,
 *   rules: [],
 *   backends: { stable: 90, canary: 10 },
 * });
 * ```
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
