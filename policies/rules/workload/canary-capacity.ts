import {
  called,
  type Declared,
  homeOf,
  isTrack,
  type KubernetesObject,
  pairsOf,
  type Service,
} from "../../engine/declared.ts";
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
import type { Rule } from "../../engine/rule.ts";
import { canaryCapacitySettings } from "../../engine/settings.ts";

/**
 * A gateway gives canary its share however few pods it has, and pods that get too much fail for a reason that is not the release.
 * What a stable pod carries while canary is dark, 100 % / stable's replicas, is known to be bearable, so
 *
 *     share / canary's replicas <= (1 + headroom) x 100 % / stable's replicas
 *
 * The share is the largest that a rule of an HTTPRoute gives canary by weight: beside another backend, or of everybody else. Users
 * who are sent to canary by a rule of their own come on top; nobody knows how many they are. Traffic by number of pods is even, and
 * holds by itself. With replicas `external` there is no number in the program to hold canary's against: nothing is judged.
 */
export const canaryCapacity: Rule<typeof canaryCapacitySettings> = {
  name: "canary-capacity",
  description: "No canary pod gets much more of the user traffic than a stable pod carries without canary.",
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
      const load = pods === 0 ? "nothing carries it" : `each carries ${percent(share / pods)}`;
      return [
        `${called(route)} gives canary ${percent(share)} of the requests, and ${called(deployment)} has ${pods} replicas: ${load}, where each of ${stablePods} stable pods carries ${percent(100 / stablePods)} without canary: give canary ${Math.ceil((share * stablePods) / 100)} replicas or a lower weight (headroom of canary-capacity in the pack's configuration).`,
      ];
    });
  },
  examples: {
    allowed: [
      { name: "as many pods as the share asks for", resources: [canaryService(), canary(5), route(50)] },
      { name: "canary alone in place of stable", resources: [canaryService(), route(100), canary(9)] },
      { name: "no pods and no users", resources: [canaryService(), canary(0), route(0)] },
      { name: "a little more than a stable pod carries", resources: [canaryService(), canary(1), route(12)] },
      {
        name: "few pods for a rule of a few users",
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
        name: "what the team has set",
        resources: [canaryService(), canary(2), route(50)],
        settings: { headroom: 150 },
      },
    ],
    disallowed: [
      {
        name: "half of the requests for two pods beside nine",
        resources: [canaryService(), canary(2), route(50)],
        says: /^HTTPRoute dora-apps\/fop-gate gives canary 50 % of the requests, and Deployment dora-apps\/fop-gate-canary has 2 replicas: each carries 25 %, where each of 9 stable pods carries 11\.1 % without canary: give canary 5 replicas/,
      },
      {
        name: "the pods come after the route",
        resources: [canaryService(), route(100), canary(5)],
        says: /each carries 20 %/,
      },
      {
        name: "no pods at all",
        resources: [canaryService(), canary(0), route(1)],
        says: /has 0 replicas: nothing carries it/,
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
        says: /^HTTPRoute dora-apps\/api gives canary 60 %/,
      },
      {
        name: "a little more, where the team has left no headroom",
        resources: [canaryService(), canary(1), route(12)],
        settings: { headroom: 0 },
        says: /each carries 12 %/,
      },
    ],
  },
};

/** Shares are quotients of whole numbers. */
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

/** The rules of a route that give a share: to several backends, or to everybody else. */
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

/** The weight for everybody. */
function route(weight: number) {
  return httpRoute([{ backendRefs: backends(weight) }]);
}

function backends(weight: number) {
  return [
    { name: "fop-gate-stable", port: 80, weight: 100 - weight },
    { name: "fop-gate-canary", port: 80, weight },
  ];
}
