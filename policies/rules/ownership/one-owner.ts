import {
  asObject,
  asService,
  called,
  type Declared,
  type KubernetesObject,
  pairsOf,
  type Service,
  serviceOf,
} from "../../engine/declared.ts";
import { canaryService, deployment, kubernetes } from "../../engine/examples.ts";
import { debugName, type Part, partOf } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Two owners of one object overwrite each other, or the second is refused: `openRollout` refuses what has another owner id, and a
 * provider without upsertExistingObjects (4.29 and newer) fails in the middle of the `up` and not in its preview.
 *
 * 1. No object is declared twice in a stack.
 * 2. A stack declares the parts of a service that belong to its tracks: the front and canary's Deployment go with canary,
 *    stable's Deployment with stable.
 * 3. No stack declares a service's record, which the rollout writes, nor the evidence beside it.
 */
export const oneOwner: Rule = {
  name: "one-owner",
  description: "Every object has one owner: the front that of canary, stable's Deployment that of stable.",
  severity: "high",
  remediation:
    "Keep each object in one stack: the front and canary with the stack of canary, stable and the debug Ingress with that of stable.",
  judge: (one, { declared }) => [
    ...(one.is === "object" ? twinFaults(one, declared) : []),
    ...pairsOf(one, declared, asObject, asService).flatMap(([object, service]) => ownerFaults(object, service)),
  ],
  examples: {
    allowed: [
      {
        name: "the stack of canary declares the front",
        resources: [
          canaryService({ tracks: ["canary"] }),
          kubernetes("core/v1:ConfigMap", "fop-gate-config-0123456789"),
          kubernetes("core/v1:ConfigMap", "fop-gate-plan"),
          kubernetes("core/v1:Service", "fop-gate"),
          kubernetes("core/v1:Service", "fop-gate-canary"),
          kubernetes("networking.k8s.io/v1:Ingress", "fop-gate"),
          deployment("canary"),
        ],
      },
      {
        name: "the stack of canary declares the front of a gateway",
        resources: [
          canaryService({ tracks: ["canary"] }),
          kubernetes("core/v1:Service", "fop-gate"),
          kubernetes("core/v1:Service", "fop-gate-canary"),
          kubernetes("core/v1:Service", "fop-gate-stable"),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate"),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate-admin"),
        ],
      },
      {
        name: "the stack of stable declares its Deployment and the debug Ingress",
        resources: [
          canaryService({ tracks: ["stable"] }),
          deployment("stable"),
          kubernetes("networking.k8s.io/v1:Ingress", "fop-gate-debug"),
        ],
      },
      {
        name: "one name, two kinds, two namespaces",
        resources: [
          kubernetes("core/v1:Service", "fop-gate"),
          kubernetes("networking.k8s.io/v1:Ingress", "fop-gate"),
          kubernetes("core/v1:Service", "fop-gate", { metadata: { namespace: "staging" } }),
        ],
      },
    ],
    disallowed: [
      {
        name: "the stack of stable declares the Service",
        resources: [canaryService({ tracks: ["stable"] }), kubernetes("core/v1:Service", "fop-gate")],
        says: /^Service dora-apps\/fop-gate belongs to the stack that owns canary of fop-gate, and this one owns stable: take it out\.$/,
      },
      {
        name: "it declares it before the service",
        resources: [kubernetes("core/v1:Service", "fop-gate"), canaryService({ tracks: ["stable"] })],
        says: /^Service dora-apps\/fop-gate belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the Service without its label",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:Service", "fop-gate", { metadata: { labels: undefined } }),
        ],
        says: /belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares canary's Service",
        resources: [canaryService({ tracks: ["stable"] }), kubernetes("core/v1:Service", "fop-gate-canary")],
        says: /Service dora-apps\/fop-gate-canary belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares a ConfigMap",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:ConfigMap", "fop-gate-config-0123456789"),
        ],
        says: /ConfigMap dora-apps\/fop-gate-config-0123456789 belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the plan without its label",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:ConfigMap", "fop-gate-plan", { metadata: { labels: undefined } }),
        ],
        says: /ConfigMap dora-apps\/fop-gate-plan belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the users' Ingress",
        resources: [canaryService({ tracks: ["stable"] }), kubernetes("networking.k8s.io/v1:Ingress", "fop-gate")],
        says: /Ingress dora-apps\/fop-gate belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the users' HTTPRoute without its label",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate", { metadata: { labels: undefined } }),
        ],
        says: /^HTTPRoute dora-apps\/fop-gate belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the Service of stable alone, which is of the front",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:Service", "fop-gate-stable", { metadata: { labels: undefined } }),
        ],
        says: /^Service dora-apps\/fop-gate-stable belongs to the stack that owns canary/,
      },
      {
        name: "two services have a route of one name",
        resources: [
          canaryService(),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate-public"),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate-public", {
            metadata: { labels: { app: "shop", "gray-release/service": "shop" } },
          }),
        ],
        says: /^HTTPRoute dora-apps\/fop-gate-public is declared twice/,
      },
      {
        name: "the stack of canary declares stable",
        resources: [canaryService({ tracks: ["canary"] }), deployment("stable")],
        says: /Deployment dora-apps\/fop-gate belongs to the stack that owns stable/,
      },
      {
        name: "one object in two API versions",
        resources: [
          kubernetes("networking.k8s.io/v1:Ingress", "fop-gate"),
          kubernetes("networking.k8s.io/v1beta1:Ingress", "fop-gate"),
        ],
        says: /is declared twice/,
      },
      {
        name: "a stack declares the record",
        resources: [canaryService(), kubernetes("core/v1:ConfigMap", "fop-gate-rollout")],
        says: /is the record of fop-gate/,
      },
      {
        name: "a stack declares the evidence",
        resources: [canaryService(), kubernetes("core/v1:ConfigMap", "fop-gate-evidence")],
        says: /^ConfigMap dora-apps\/fop-gate-evidence is the evidence on fop-gate, which gray verify writes/,
      },
    ],
  },
};

function twinFaults(one: KubernetesObject, declared: readonly Declared[]): string[] {
  const { group, kind, namespace, name } = one;
  const isTwin = (other: Declared): other is KubernetesObject =>
    other.is === "object" &&
    other.name === name &&
    other.kind === kind &&
    other.namespace === namespace &&
    other.group === group;
  const twin = declared.filter(isTwin).find((other) => other !== one);
  return twin ? [`${called(one)} is declared twice in this stack (${twin.urn}): take one of the two out.`] : [];
}

function ownerFaults(object: KubernetesObject, service: Service): string[] {
  if (service.namespace !== object.namespace) return [];
  const owner = ownerOf(object, service);
  return [
    ...(object.kind === "ConfigMap" && object.name === `${service.name}-rollout`
      ? [`${called(object)} is the record of ${service.name}, which the rollout writes: take it out.`]
      : []),
    ...(object.kind === "ConfigMap" && object.name === `${service.name}-evidence`
      ? [`${called(object)} is the evidence on ${service.name}, which gray verify writes: take it out.`]
      : []),
    ...(owner !== undefined && !service.tracks.includes(owner)
      ? [
          `${called(object)} belongs to the stack that owns ${owner} of ${service.name}, and this one owns ${service.tracks.join(" and ")}: take it out.`,
        ]
      : []),
  ];
}

/** The track whose stack has to declare this object of the service; undefined if it is none of the service's. */
function ownerOf(object: KubernetesObject, service: Service): Part["track"] | undefined {
  const { kind } = object;
  // Where a debug Ingress stands is a rule of its own (debug-ingress.ts).
  if (kind === "Ingress" && object.name === debugName(service.name)) return undefined;
  const part = partOf(object, service);
  if (part) return part.track;
  const isOfFront = ["Service", "ConfigMap", "Ingress", "HTTPRoute"].includes(kind);
  return isOfFront && serviceOf(object) === service.name ? "canary" : undefined;
}
