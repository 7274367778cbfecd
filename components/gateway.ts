import { z } from "zod";
import { type HttpRouteRule, type RouteRulesArgs, routeRules } from "./route.ts";
import type { Rule } from "./rule.ts";
import { rulesSchema } from "./rule-schema.ts";

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
   * A header that answers of canary carry. Besides telling the tracks apart from outside, a filter on one backend makes
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
const objectName = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
    "must be the name of an object: lower-case letters, digits and dashes",
  );
const route = z.strictObject({
  name: objectName.optional(),
  gateways: z
    .array(
      z.strictObject({ name: objectName, namespace: objectName.optional(), sectionName: objectName.optional() }),
      "must be a list of Gateways",
    )
    .min(1, "must name a Gateway")
    .max(32, "must be at most 32 Gateways"),
  hostnames: z
    .array(
      z
        .string()
        .max(253, "must be at most 253 characters")
        .regex(hostname, "must be a hostname in lower case, like shop.example.com or *.example.com")
        .refine((name) => !/\.?\d+$/.test(name.split(".").at(-1) ?? ""), "must be a hostname, not an address"),
    )
    .min(1, "must name a host, or be left out")
    .max(16, "must be at most 16 names: an HTTPRoute has no room for more")
    .optional(),
  port: z.int().min(1).max(65535).optional(),
  canaryHeader: z
    .strictObject({
      name: z.string().regex(/^[A-Za-z0-9-]{1,256}$/, "must be 1 to 256 letters, digits or dashes"),
      value: z.string().regex(/^[!-~]{1,4096}$/, "must be printable ASCII without spaces"),
    })
    .optional(),
});

/** What types cannot say of {@link GatewayArgs}. Messages go on from "<argument> is <value>: ". */
export const gatewaySchema = z.strictObject({
  routes: z
    .array(route, "must be a list of routes")
    .min(1, "must have a route: without one no user comes in")
    .superRefine((routes, context) => {
      const names = routes.map(({ name }) => name);
      const i = names.findIndex((name, place) => names.indexOf(name) !== place);
      if (i < 0) return;
      const message = "must be a name that no other route has";
      context.addIssue({ code: "custom", message, path: [i, "name"], continue: false });
    }),
  rules: rulesSchema.optional(),
  minimumCanaryReplicas: z.int().min(1, "must be at least 1").optional(),
});

/** The spec of an HTTPRoute, with every default written out, so that the live object equals it. */
export interface HttpRouteSpec<Token = string> {
  readonly parentRefs: readonly object[];
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
