import { asService, called, type Declared, type KubernetesObject, type Service } from "../../engine/declared.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * Two controllers that set the same number of replicas overwrite each other. An autoscaler is any object with a
 * `scaleTargetRef`: a HorizontalPodAutoscaler, or a ScaledObject of KEDA.
 *
 * 1. An autoscaler scales stable only if the service leaves the number to it, with `autoscaling` or with replicas `external`.
 * 2. No autoscaler scales canary: CanaryService sets its number of pods from the weight, behind a gateway too.
 * 3. A track has at most one autoscaler.
 */
export const autoscalerPerTrack: Rule = {
  name: "autoscaler-per-track",
  description: "Stable has at most one autoscaler, and its service leaves the number of pods to it; canary has none.",
  severity: "high",
  remediation:
    'Describe the autoscaler in autoscaling, or set replicas: "external" if another one scales stable, keep only one, and leave the number of canary\'s pods to the weight.',
  judge: (one, { declared }) => [
    ...pairsOf(one, declared, readAutoscaler, asService).flatMap(([scaler, service]) =>
      ownershipFaults(scaler, service),
    ),
    ...pairsOf(one, declared, readAutoscaler, readAutoscaler)
      .filter(([a, b]) => a.object === one && a.target === b.target && a.object.namespace === b.object.namespace)
      .map(
        ([a, b]) =>
          `${called(a.object)} and ${called(b.object)} both scale Deployment ${a.object.namespace}/${a.target}, but a track can have only one autoscaler: remove one of them.`,
      ),
  ],
  examples: {
    allowed: [
      {
        name: "an autoscaler of stable, to which the service leaves the number",
        resources: [canaryService({ replicas: "external" }), autoscaler("fop-gate", "fop-gate")],
      },
      {
        name: "the autoscaler that the service makes",
        resources: [
          canaryService({ replicas: undefined, autoscaling: { maxReplicas: 20 } }),
          autoscaler("fop-gate", "fop-gate"),
        ],
      },
      {
        name: "a ScaledObject of KEDA, to which the service leaves the number",
        resources: [canaryService({ replicas: "external" }), scaledObject({ name: "fop-gate" })],
      },
      { name: "an autoscaler of another Deployment", resources: [canaryService(), autoscaler("shop", "shop")] },
      {
        name: "an autoscaler of a Deployment with the same name in another namespace",
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
        name: "an autoscaler of another kind of object with the name of the Deployment",
        resources: [canaryService(), scaledObject({ kind: "Rollout", name: "fop-gate" })],
      },
    ],
    disallowed: [
      {
        name: "an autoscaler of stable, although the program sets the number",
        resources: [canaryService(), autoscaler("fop-gate", "fop-gate")],
        message:
          /^HorizontalPodAutoscaler dora-apps\/fop-gate scales Deployment dora-apps\/fop-gate, but the service sets replicas 9: set replicas: "external", or remove the autoscaler\.$/,
      },
      {
        name: "a ScaledObject of KEDA, although the program sets the number",
        resources: [scaledObject({ name: "fop-gate" }), canaryService()],
        message:
          /^ScaledObject dora-apps\/fop-gate scales Deployment dora-apps\/fop-gate, but the service sets replicas 9/,
      },
      {
        name: "an autoscaler of canary",
        resources: [canaryService({ replicas: "external" }), autoscaler("fop-gate-canary", "fop-gate-canary")],
        message:
          /scales Deployment dora-apps\/fop-gate-canary, but the service sets its pods by the weight: remove the autoscaler\.$/,
      },
      {
        name: "an autoscaler for each track, behind a gateway",
        resources: [
          canaryService({ replicas: "external", gateway: { routes: [] } }),
          autoscaler("fop-gate", "fop-gate"),
          autoscaler("fop-gate-canary", "fop-gate-canary"),
        ],
        message:
          /^HorizontalPodAutoscaler dora-apps\/fop-gate-canary scales Deployment dora-apps\/fop-gate-canary, but the service sets its pods by the weight/,
      },
      {
        name: "another autoscaler beside the one that the service makes",
        resources: [
          canaryService({ replicas: undefined, autoscaling: { maxReplicas: 20 } }),
          autoscaler("fop-gate", "fop-gate"),
          autoscaler("fop-gate-memory", "fop-gate"),
        ],
        message: /both scale Deployment dora-apps\/fop-gate/,
      },
      {
        name: "two autoscalers of stable",
        resources: [
          canaryService({ replicas: "external" }),
          autoscaler("fop-gate", "fop-gate"),
          autoscaler("fop-gate-memory", "fop-gate"),
        ],
        message:
          /fop-gate-memory and HorizontalPodAutoscaler dora-apps\/fop-gate both scale Deployment dora-apps\/fop-gate/,
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
  // KEDA's default; a HorizontalPodAutoscaler always has a kind.
  const { kind = "Deployment", name } = scaleTargetRef;
  return kind === "Deployment" ? { object: one, target: name } : undefined;
}

function ownershipFaults({ object, target }: Autoscaler, { name, namespace, replicas }: Service): string[] {
  if (object.namespace !== namespace) return [];
  const scales = `${called(object)} scales Deployment ${namespace}/${target}`;
  if (target === name && replicas !== "external") {
    return [
      `${scales}, but the service sets replicas ${replicas}: set replicas: "external", or remove the autoscaler.`,
    ];
  }
  return target === `${name}-canary`
    ? [`${scales}, but the service sets its pods by the weight: remove the autoscaler.`]
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
