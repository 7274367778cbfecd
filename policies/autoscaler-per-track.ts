import { asService, called, type Declared, type KubernetesObject, pairsOf, type Service } from "./declared.ts";
import { canaryService, kubernetes } from "./examples.ts";
import type { Rule } from "./rule.ts";

/**
 * Two writers of one number write over each other.
 *
 * 1. An autoscaler scales stable only where the service leaves that number to it: replicas `external`.
 * 2. One scales canary only behind a gateway; by number of pods, canary's number is its share of the users.
 * 3. No two scale one track.
 */
export const autoscalerPerTrack: Rule = {
  name: "autoscaler-per-track",
  description: "Each track has an autoscaler of its own or none, and one that has it leaves its number of pods to it.",
  severity: "high",
  remediation:
    'Say replicas: "external" where an autoscaler scales stable, let the weight alone decide on canary\'s pods, and keep one autoscaler a track.',
  judge: (one, { declared }) => [
    ...pairsOf(one, declared, readAutoscaler, asService).flatMap(([scaler, service]) =>
      ownershipFaults(scaler, service),
    ),
    ...pairsOf(one, declared, readAutoscaler, readAutoscaler)
      .filter(([a, b]) => a.object === one && a.target === b.target && a.object.namespace === b.object.namespace)
      .map(
        ([a, b]) =>
          `${called(a.object)} and ${called(b.object)} both scale Deployment ${a.object.namespace}/${a.target}, and one autoscaler a track is wanted: take one of them out.`,
      ),
  ],
  examples: {
    allowed: [
      {
        name: "stable's, where the number is left to it",
        resources: [canaryService({ replicas: "external" }), autoscaler("fop-gate", "fop-gate")],
      },
      {
        name: "one for each track behind a gateway",
        resources: [
          canaryService({ replicas: "external", gateway: { routes: [] } }),
          autoscaler("fop-gate", "fop-gate"),
          autoscaler("fop-gate-canary", "fop-gate-canary"),
        ],
      },
      { name: "another Deployment's", resources: [canaryService(), autoscaler("shop", "shop")] },
    ],
    disallowed: [
      {
        name: "stable's, where the program says the number",
        resources: [canaryService(), autoscaler("fop-gate", "fop-gate")],
        says: /^HorizontalPodAutoscaler dora-apps\/fop-gate scales Deployment dora-apps\/fop-gate, and the service says replicas 9: say replicas: "external", or take it out\.$/,
      },
      {
        name: "canary's, where the number of pods is the share",
        resources: [canaryService({ replicas: "external" }), autoscaler("fop-gate-canary", "fop-gate-canary")],
        says: /scales Deployment dora-apps\/fop-gate-canary, and its number of pods is canary's share of the users/,
      },
      {
        name: "two for stable",
        resources: [
          canaryService({ replicas: "external" }),
          autoscaler("fop-gate", "fop-gate"),
          autoscaler("fop-gate-memory", "fop-gate"),
        ],
        says: /fop-gate-memory and HorizontalPodAutoscaler dora-apps\/fop-gate both scale Deployment dora-apps\/fop-gate/,
      },
    ],
  },
};

interface Autoscaler {
  readonly object: KubernetesObject;
  /** Name of the Deployment that it scales. */
  readonly target: string;
}

function readAutoscaler(one: Declared): Autoscaler | undefined {
  if (one.is !== "object" || one.kind !== "HorizontalPodAutoscaler") return undefined;
  const { scaleTargetRef } = (one.fields.spec ?? {}) as {
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  };
  return scaleTargetRef?.kind === "Deployment" ? { object: one, target: scaleTargetRef.name } : undefined;
}

function ownershipFaults({ object, target }: Autoscaler, { name, namespace, replicas, gateway }: Service): string[] {
  if (object.namespace !== namespace) return [];
  const scales = `${called(object)} scales Deployment ${namespace}/${target}`;
  if (target === name && replicas !== "external") {
    return [`${scales}, and the service says replicas ${replicas}: say replicas: "external", or take it out.`];
  }
  return target === `${name}-canary` && gateway === undefined
    ? [
        `${scales}, and its number of pods is canary's share of the users: take it out, or split the traffic by a gateway.`,
      ]
    : [];
}

function autoscaler(name: string, target: string) {
  return kubernetes("autoscaling/v2:HorizontalPodAutoscaler", name, {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: target },
      minReplicas: 9,
      maxReplicas: 20,
    },
  });
}
