/** HTTPRoutes in the cluster: their weight, and the patch that takes users off canary. */

import { isDeepStrictEqual } from "node:util";
import { backendName, serviceLabel, tokenHeader } from "../../../components/names.ts";
import type { HttpRouteRule } from "../../../components/traffic/gateway/route.ts";
import type { Operation } from "../../../kubernetes/cluster.ts";
import type { RouteObject } from "../../../kubernetes/objects/route.ts";
import { objectPath } from "../../../kubernetes/resources.ts";
import type { LiveMode, LiveRoute } from "../mode.ts";
import { whyNotApplied } from "./attachment.ts";
import { readRoute, readRoutes } from "./routes.ts";

/** Traffic by the backend weights of HTTPRoutes. */
export const gateway: LiveMode = {
  name: "gateway",
  kind: "HTTPRoute",
  async read(of) {
    return (await readRoutes(of)).map(liveRoute);
  },
  async readOne(api, namespace, name) {
    const route = await readRoute(api, namespace, name);
    return route && liveRoute(route);
  },
  /** Only a service with a gateway has a Service for stable alone. */
  async isUsed({ api, namespace, service }) {
    return (await api.get(objectPath("Service", namespace, backendName(service, "stable")))) !== undefined;
  },
};

/** An HTTPRoute as a route of a traffic mode. */
export function liveRoute(route: RouteObject): LiveRoute {
  const { metadata, spec } = route;
  return {
    kind: "HTTPRoute",
    metadata,
    get weight() {
      return weightOf(route);
    },
    get hasUserRules() {
      return (spec.rules ?? []).filter((rule) => !isOfToken(rule)).length > 1;
    },
    get notApplied() {
      return whyNotApplied(route);
    },
    isSplitAs(wanted) {
      return isDeepStrictEqual(spec.rules, wanted.rules);
    },
    cutoff: () => routeCutoff(route),
  };
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

/** Whether a rule matches only requests with the token. */
function isOfToken({ matches = [] }: Partial<NonNullable<RouteObject["spec"]["rules"]>[number]>): boolean {
  return (
    matches.length > 0 &&
    matches.every(({ headers = [] }) => headers.some(({ name }) => name.toLowerCase() === tokenHeader))
  );
}

/** The patch that makes a route send all requests without the token to stable; empty if it does so already. */
export function routeCutoff({ metadata, spec }: RouteObject): Operation[] {
  const service = metadata.labels?.[serviceLabel] ?? "";
  const { rules = [] } = spec;
  const changes = rules.flatMap((rule, i): Operation[] => {
    if (isOfToken(rule) || !namesCanary(rule, service)) return [];
    const [first] = rule.backendRefs;
    const stable = { group: "", kind: "Service", name: backendName(service, "stable"), port: first?.port, weight: 100 };
    return [{ op: "replace", path: `/spec/rules/${i}/backendRefs`, value: [stable] }];
  });
  return changes.length === 0 ? [] : [{ op: "test", path: "/spec/rules", value: rules }, ...changes];
}

function namesCanary({ backendRefs = [] }: Partial<HttpRouteRule>, service: string): boolean {
  return backendRefs.some(({ name }) => name === backendName(service, "canary"));
}
