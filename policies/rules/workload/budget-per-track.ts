import { asService, called, type Declared, type KubernetesObject, pairsOf } from "../../engine/declared.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * A budget that counts both tracks lets a drained node take all canary pods, because stable's nine make up for them, or keeps a node
 * from being drained because a bad canary is not ready.
 */
export const budgetPerTrack: Rule = {
  name: "budget-per-track",
  description: "A PodDisruptionBudget counts the pods of one track.",
  severity: "medium",
  remediation: "Give each track a PodDisruptionBudget of its own, with the label track in its selector.",
  judge: (one, { declared }) =>
    pairsOf(one, declared, readBudget, asService).flatMap(([{ object, selector }, service]) => {
      if (object.namespace !== service.namespace) return [];
      const labels = Object.values(service.releases)[0]?.template.metadata?.labels ?? { app: service.name };
      const both = ["stable", "canary"].every((track) => selects(selector, { ...labels, track }));
      return both
        ? [
            `${called(object)} counts the pods of both tracks of ${service.name}, and those of one are wanted: add track: stable, or canary, to its selector.`,
          ]
        : [];
    }),
  examples: {
    allowed: [
      {
        name: "one for each track",
        resources: [
          canaryService(),
          budget("fop-gate", { matchLabels: { app: "fop-gate", track: "stable" } }),
          budget("fop-gate-canary", {
            matchLabels: { app: "fop-gate" },
            matchExpressions: [{ key: "track", operator: "In", values: ["canary"] }],
          }),
        ],
      },
      {
        name: "another service's",
        resources: [canaryService(), budget("shop", { matchLabels: { app: "shop" } })],
      },
      { name: "another namespace's", resources: [canaryService({ namespace: "other" }), budget("all", {})] },
    ],
    disallowed: [
      {
        name: "one for all pods of the service",
        resources: [canaryService(), budget("fop-gate", { matchLabels: { app: "fop-gate" } })],
        says: /^PodDisruptionBudget dora-apps\/fop-gate counts the pods of both tracks of fop-gate, and those of one are wanted/,
      },
      {
        name: "one for all pods of the namespace, before the service",
        resources: [budget("all", {}), canaryService()],
        says: /^PodDisruptionBudget dora-apps\/all counts/,
      },
      {
        name: "both tracks by name",
        resources: [canaryService(), budget("fop-gate", { matchExpressions: [{ key: "track", operator: "Exists" }] })],
        says: /counts the pods of both tracks/,
      },
    ],
  },
};

type Labels = Readonly<Record<string, string>>;

/** metav1.LabelSelector. */
interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

function readBudget(one: Declared): { readonly object: KubernetesObject; readonly selector: Selector } | undefined {
  if (one.is !== "object" || one.kind !== "PodDisruptionBudget") return undefined;
  const { selector } = (one.fields.spec ?? {}) as { readonly selector?: Selector };
  return selector && { object: one, selector: JSON.parse(JSON.stringify(selector)) };
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  const byLabels = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  const byExpressions = matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === "Exists") return value !== undefined;
    if (operator === "DoesNotExist") return value === undefined;
    const named = value !== undefined && values.includes(value);
    return operator === "In" ? named : !named;
  });
  return byLabels && byExpressions;
}

function budget(name: string, selector: Selector) {
  return kubernetes("policy/v1:PodDisruptionBudget", name, { spec: { maxUnavailable: 1, selector } });
}
