import { called, type Declared, homeOf, isTrack, type KubernetesObject, type Service } from "../../engine/declared.ts";
import { canaryCapacitySettings } from "../../engine/defaults.ts";
import {
  backendsOf,
  isHttpRoute,
  isUnconditional,
  matchesOf,
  pathText,
  type RouteMatch,
  routeSpec,
} from "../../engine/entrances.ts";
import { canaryService, deployment, httpRoute } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * A gateway routes canary's share to it however few pods canary has, and overloaded pods fail whatever the release. The load of
 * a stable pod while canary is dark, 100 % / stable's replicas, is known to work. So the rule requires
 *
 *     share / canary's replicas <= (1 + headroom) x 100 % / stable's replicas
 *
 * The share is the largest weight of canary in a rule of an HTTPRoute with several backends, or in the rule for all other
 * requests. Users that a rule of their own routes to canary are not counted, because their number is unknown. Traffic by number
 * of pods is always even, so the rule does not apply. With replicas `external` stable's number of pods is unknown, so the rule
 * does not apply either.
 */
export const canaryCapacity: Rule<typeof canaryCapacitySettings> = {
  name: "canary-capacity",
  description: "No canary pod gets much more of the user traffic than a stable pod gets without canary.",
  severity: "high",
  remediation: "Give canary more replicas or a lower weight.",
  place: "configuration",
  settings: canaryCapacitySettings,
  judge(one, stack) {
    const { declared } = stack;
    const readCanary = (each: Declared) =>
      isTrack(each, "canary") ? canaryOf(each, homeOf(each, declared)) : undefined;
    return pairsOf(one, declared, readCanary, readRoute).flatMap(([canary, { route, rules }]) => {
      const { deployment, service, pods, stablePods } = canary;
      const shares = rules.map((backends) =>
        backends
          .filter((backend) => backend.service === deployment.name && backend.namespace === service.namespace)
          .reduce((sum, backend) => sum + backend.share, 0),
      );
      const share = Math.max(0, ...shares);
      const bearable = (1 + stack.settings.headroom / 100) * (100 / stablePods);
      if (share <= pods * bearable + rounding) return [];
      const load = pods === 0 ? "no pod serves it" : `each gets ${percent(share / pods)}`;
      return [
        `${called(route)} gives canary ${percent(share)} of the requests, but ${called(deployment)} has ${pods} replicas: ${load}, while each of ${stablePods} stable pods gets ${percent(100 / stablePods)} without canary: give canary ${Math.ceil((share * stablePods) / 100)} replicas or a lower weight (headroom of canary-capacity in the pack's configuration).`,
      ];
    });
  },
  examples: {
    allowed: [
      { name: "as many pods as the share needs", resources: [canaryService(), canary(5), route(50)] },
      {
        name: "all traffic on canary, with as many pods as stable",
        resources: [canaryService(), route(100), canary(9)],
      },
      { name: "no pods and no users", resources: [canaryService(), canary(0), route(0)] },
      { name: "a little more load than a stable pod gets", resources: [canaryService(), canary(1), route(12)] },
      {
        name: "one pod for the users of a rule of their own",
        resources: [
          canaryService(),
          canary(1),
          httpRoute([
            { matches: [{ headers: [{ name: "x-beta", value: "1" }] }], backendRefs: backends(100) },
            { backendRefs: backends(10) },
          ]),
        ],
      },
      {
        name: "an autoscaler owns the number of stable's pods",
        resources: [canaryService({ replicas: "external" }), canary(1), route(50)],
      },
      {
        name: "a Service of the same name in another namespace",
        resources: [
          canaryService(),
          canary(2),
          httpRoute([{ backendRefs: backends(50) }], { metadata: { namespace: "other" } }),
        ],
      },
      {
        name: "a headroom that the team has set",
        resources: [canaryService(), canary(2), route(50)],
        settings: { headroom: 150 },
      },
    ],
    disallowed: [
      {
        name: "half of the requests for two pods beside nine",
        resources: [canaryService(), canary(2), route(50)],
        message:
          /^HTTPRoute dora-apps\/fop-gate gives canary 50 % of the requests, but Deployment dora-apps\/fop-gate-canary has 2 replicas: each gets 25 %, while each of 9 stable pods gets 11\.1 % without canary: give canary 5 replicas/,
      },
      {
        name: "too few pods, declared after the route",
        resources: [canaryService(), route(100), canary(5)],
        message: /each gets 20 %/,
      },
      {
        name: "no pods at all",
        resources: [canaryService(), canary(0), route(1)],
        message: /has 0 replicas: no pod serves it/,
      },
      {
        name: "another route, with a rule by weight for one path",
        resources: [
          canaryService(),
          canary(2),
          httpRoute([{ matches: [{ path: { value: "/api" } }], backendRefs: backends(60) }], {
            metadata: { name: "api", labels: undefined },
          }),
        ],
        message: /^HTTPRoute dora-apps\/api gives canary 60 %/,
      },
      {
        name: "a little more load, without headroom",
        resources: [canaryService(), canary(1), route(12)],
        settings: { headroom: 0 },
        message: /each gets 12 %/,
      },
    ],
  },
};

/** Tolerance for rounding errors, because shares are quotients. */
const rounding = 1e-9;

interface Canary {
  readonly deployment: KubernetesObject;
  readonly service: Service;
  readonly pods: number;
  readonly stablePods: number;
}

function canaryOf(deployment: KubernetesObject, service: Service | undefined): Canary | undefined {
  if (service === undefined || service.replicas === "external") return undefined;
  return { deployment, service, pods: deployment.fields.spec?.replicas ?? 1, stablePods: service.replicas };
}

/** The rules of a route whose weights are shares of user traffic: those with several backends, and those for all other requests. */
function readRoute(one: Declared) {
  if (!isHttpRoute(one)) return undefined;
  const rules = (routeSpec(one).rules ?? []).filter(
    (rule) => backendsOf(rule, one).length > 1 || matchesOf(rule).some(isRest),
  );
  return { route: one, rules: rules.map((rule) => backendsOf(rule, one)) };
}

function isRest(match: RouteMatch): boolean {
  return isUnconditional(match) && pathText(match.path?.type, match.path?.value) === pathText();
}

function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}

function canary(replicas: number) {
  return deployment("canary", { spec: { replicas } });
}

/** A route that splits all requests by weight. */
function route(weight: number) {
  return httpRoute([{ backendRefs: backends(weight) }]);
}

function backends(weight: number) {
  return [
    { name: "fop-gate-stable", port: 80, weight: 100 - weight },
    { name: "fop-gate-canary", port: 80, weight },
  ];
}
