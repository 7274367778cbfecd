import {
  asObject,
  asService,
  called,
  type Declared,
  type KubernetesObject,
  type Service,
  serviceOf,
} from "../../engine/declared.ts";
import { canaryService, deployment, kubernetes } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import { debugName, frontKinds, type Part, partOf } from "../../engine/parts.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Two owners of one object overwrite each other, or the second one fails: `openRollout` refuses an object with another owner id,
 * and a provider without upsertExistingObjects (4.29 and newer) fails during `up`, after a successful preview.
 *
 * 1. No object is declared twice in a stack.
 * 2. A stack declares only objects of its own tracks: the front and canary's Deployment belong to canary, stable's Deployment
 *    and the debug Ingress to stable.
 * 3. No stack declares a service's record or evidence, which gray writes.
 */
export const oneOwner: Rule = {
  name: "one-owner",
  description:
    "Every object has one owner: the stack of canary owns the front, and the stack of stable owns stable's Deployment.",
  severity: "high",
  remediation:
    "Declare each object in one stack: the front and canary in the stack of canary, stable and the debug Ingress in the stack of stable.",
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
          kubernetes("core/v1:Secret", "fop-gate-db-0123456789"),
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
        name: "the same name for two kinds, and in two namespaces",
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
        message:
          /^Service dora-apps\/fop-gate belongs to the stack that owns canary of fop-gate, but this stack owns stable: remove it\.$/,
      },
      {
        name: "the same, declared before the service",
        resources: [kubernetes("core/v1:Service", "fop-gate"), canaryService({ tracks: ["stable"] })],
        message: /^Service dora-apps\/fop-gate belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the Service without its label",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:Service", "fop-gate", { metadata: { labels: undefined } }),
        ],
        message: /belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares canary's Service",
        resources: [canaryService({ tracks: ["stable"] }), kubernetes("core/v1:Service", "fop-gate-canary")],
        message: /Service dora-apps\/fop-gate-canary belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares a ConfigMap",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:ConfigMap", "fop-gate-config-0123456789"),
        ],
        message: /ConfigMap dora-apps\/fop-gate-config-0123456789 belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares a Secret",
        resources: [canaryService({ tracks: ["stable"] }), kubernetes("core/v1:Secret", "fop-gate-db-0123456789")],
        message: /Secret dora-apps\/fop-gate-db-0123456789 belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the plan without its label",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:ConfigMap", "fop-gate-plan", { metadata: { labels: undefined } }),
        ],
        message: /ConfigMap dora-apps\/fop-gate-plan belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the users' Ingress",
        resources: [canaryService({ tracks: ["stable"] }), kubernetes("networking.k8s.io/v1:Ingress", "fop-gate")],
        message: /Ingress dora-apps\/fop-gate belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the users' HTTPRoute without its label",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate", { metadata: { labels: undefined } }),
        ],
        message: /^HTTPRoute dora-apps\/fop-gate belongs to the stack that owns canary/,
      },
      {
        name: "the stack of stable declares the Service of stable's pods, which belongs to the front",
        resources: [
          canaryService({ tracks: ["stable"] }),
          kubernetes("core/v1:Service", "fop-gate-stable", { metadata: { labels: undefined } }),
        ],
        message: /^Service dora-apps\/fop-gate-stable belongs to the stack that owns canary/,
      },
      {
        name: "two services have a route of the same name",
        resources: [
          canaryService(),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate-public"),
          kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate-public", {
            metadata: { labels: { app: "shop", "gray-release/service": "shop" } },
          }),
        ],
        message: /^HTTPRoute dora-apps\/fop-gate-public is declared twice/,
      },
      {
        name: "the stack of canary declares stable",
        resources: [canaryService({ tracks: ["canary"] }), deployment("stable")],
        message: /Deployment dora-apps\/fop-gate belongs to the stack that owns stable/,
      },
      {
        name: "one object in two API versions",
        resources: [
          kubernetes("networking.k8s.io/v1:Ingress", "fop-gate"),
          kubernetes("networking.k8s.io/v1beta1:Ingress", "fop-gate"),
        ],
        message: /is declared twice/,
      },
      {
        name: "a stack declares the record",
        resources: [canaryService(), kubernetes("core/v1:ConfigMap", "fop-gate-rollout")],
        message: /is the record of fop-gate/,
      },
      {
        name: "a stack declares the evidence",
        resources: [canaryService(), kubernetes("core/v1:ConfigMap", "fop-gate-evidence")],
        message: /^ConfigMap dora-apps\/fop-gate-evidence is the evidence on fop-gate, which gray verify writes/,
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
  return twin ? [`${called(one)} is declared twice in this stack (${twin.urn}): remove one of the two.`] : [];
}

function ownerFaults(object: KubernetesObject, service: Service): string[] {
  if (service.namespace !== object.namespace) return [];
  const owner = ownerOf(object, service);
  return [
    ...(object.kind === "ConfigMap" && object.name === `${service.name}-rollout`
      ? [`${called(object)} is the record of ${service.name}, which the rollout writes: remove it.`]
      : []),
    ...(object.kind === "ConfigMap" && object.name === `${service.name}-evidence`
      ? [`${called(object)} is the evidence on ${service.name}, which gray verify writes: remove it.`]
      : []),
    ...(owner !== undefined && !service.tracks.includes(owner)
      ? [
          `${called(object)} belongs to the stack that owns ${owner} of ${service.name}, but this stack owns ${service.tracks.join(" and ")}: remove it.`,
        ]
      : []),
  ];
}

/** The track whose stack must declare this object of the service; undefined if the object does not belong to the service. */
function ownerOf(object: KubernetesObject, service: Service): Part["track"] | undefined {
  const { kind } = object;
  // debug-ingress.ts checks the stack of a debug Ingress.
  if (kind === "Ingress" && object.name === debugName(service.name)) return undefined;
  const part = partOf(object, service);
  if (part) return part.track;
  const isOfFront = frontKinds.includes(kind);
  return isOfFront && serviceOf(object) === service.name ? "canary" : undefined;
}
