import {
  asService,
  called,
  type Declared,
  type KubernetesObject,
  pairsOf,
  type Service,
} from "../../engine/declared.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Two writers of one number write over each other. An autoscaler is whatever has a `scaleTargetRef`: a HorizontalPodAutoscaler, a
 * ScaledObject of KEDA.
 *
 * 1. One scales stable only where the service leaves that number to it: replicas `external`.
 * 2. None scales canary: behind a gateway too, CanaryService writes its number of pods, as the weight has it.
 * 3. No two scale one track.
 */
export const autoscalerPerTrack: Rule = {
  name: "autoscaler-per-track",
  description: "Stable has one autoscaler or none, and its service leaves the number of pods to it; canary has none.",
  severity: "high",
  remediation:
    'Say replicas: "external" where an autoscaler scales stable, keep one there, and let the weight alone decide on canary\'s pods.',
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
        name: "KEDA's, where the number is left to it",
        resources: [canaryService({ replicas: "external" }), scaledObject({ name: "fop-gate" })],
      },
      { name: "another Deployment's", resources: [canaryService(), autoscaler("shop", "shop")] },
      {
        name: "a Deployment's of the same name in another namespace",
        resources: [canaryService({ namespace: "other" }), autoscaler("fop-gate", "fop-gate")],
      },
      {
        name: "one in each of two namespaces",
        resources: [
          canaryService({ replicas: "external" }),
          autoscaler("fop-gate", "fop-gate"),
          autoscaler("fop-gate", "fop-gate", "other"),
        ],
      },
      {
        name: "what only has the name of the Deployment",
        resources: [canaryService(), scaledObject({ kind: "Rollout", name: "fop-gate" })],
      },
    ],
    disallowed: [
      {
        name: "stable's, where the program says the number",
        resources: [canaryService(), autoscaler("fop-gate", "fop-gate")],
        says: /^HorizontalPodAutoscaler dora-apps\/fop-gate scales Deployment dora-apps\/fop-gate, and the service says replicas 9: say replicas: "external", or take it out\.$/,
      },
      {
        name: "KEDA's, where the program says the number",
        resources: [scaledObject({ name: "fop-gate" }), canaryService()],
        says: /^ScaledObject dora-apps\/fop-gate scales Deployment dora-apps\/fop-gate, and the service says replicas 9/,
      },
      {
        name: "canary's, where the number of pods is the share",
        resources: [canaryService({ replicas: "external" }), autoscaler("fop-gate-canary", "fop-gate-canary")],
        says: /scales Deployment dora-apps\/fop-gate-canary, and the service gives it as many pods as the weight asks for: take it out\.$/,
      },
      {
        name: "one for each track behind a gateway",
        resources: [
          canaryService({ replicas: "external", gateway: { routes: [] } }),
          autoscaler("fop-gate", "fop-gate"),
          autoscaler("fop-gate-canary", "fop-gate-canary"),
        ],
        says: /^HorizontalPodAutoscaler dora-apps\/fop-gate-canary scales Deployment dora-apps\/fop-gate-canary, and the service gives it/,
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

interface ScaleTarget {
  readonly kind?: string;
  readonly name: string;
}

interface Autoscaler {
  readonly object: KubernetesObject;
  /** Name of the Deployment that it scales. */
  readonly target: string;
}

function readAutoscaler(one: Declared): Autoscaler | undefined {
  if (one.is !== "object") return undefined;
  const { scaleTargetRef } = (one.fields.spec ?? {}) as { readonly scaleTargetRef?: ScaleTarget };
  if (scaleTargetRef === undefined) return undefined;
  // As KEDA fills in; a HorizontalPodAutoscaler says it.
  const { kind = "Deployment", name } = scaleTargetRef;
  return kind === "Deployment" ? { object: one, target: name } : undefined;
}

function ownershipFaults({ object, target }: Autoscaler, { name, namespace, replicas }: Service): string[] {
  if (object.namespace !== namespace) return [];
  const scales = `${called(object)} scales Deployment ${namespace}/${target}`;
  if (target === name && replicas !== "external") {
    return [`${scales}, and the service says replicas ${replicas}: say replicas: "external", or take it out.`];
  }
  return target === `${name}-canary`
    ? [`${scales}, and the service gives it as many pods as the weight asks for: take it out.`]
    : [];
}

function autoscaler(name: string, target: string, namespace = "dora-apps") {
  return kubernetes("autoscaling/v2:HorizontalPodAutoscaler", name, {
    metadata: { namespace },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: target },
      minReplicas: 9,
      maxReplicas: 20,
    },
  });
}

function scaledObject(scaleTargetRef: ScaleTarget) {
  return kubernetes("keda.sh/v1alpha1:ScaledObject", "fop-gate", { spec: { scaleTargetRef, maxReplicaCount: 20 } });
}
