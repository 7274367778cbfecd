import { asService, called, type Declared, type KubernetesObject } from "../../engine/declared.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * A budget over both tracks does not protect canary: a node drain may evict all its pods, because stable's pods satisfy the
 * budget. It may also block a node drain because a bad canary is not ready.
 */
export const budgetPerTrack: Rule = {
  name: "budget-per-track",
  description: "A PodDisruptionBudget counts the pods of only one track.",
  severity: "medium",
  remediation: "Give each track its own PodDisruptionBudget, with the label track in its selector.",
  judge: (one, { declared }) =>
    pairsOf(one, declared, readBudget, asService).flatMap(([{ object, selector }, service]) => {
      if (object.namespace !== service.namespace) return [];
      const labels = Object.values(service.releases)[0]?.template.metadata?.labels ?? { app: service.name };
      const both = ["stable", "canary"].every((track) => selects(selector, { ...labels, track }));
      return both
        ? [
            `${called(object)} counts the pods of both tracks of ${service.name}, but must count those of one: add track: stable or track: canary to its selector.`,
          ]
        : [];
    }),
  examples: {
    allowed: [
      {
        name: "a budget for each track",
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
        name: "a budget of another service",
        resources: [canaryService(), budget("shop", { matchLabels: { app: "shop" } })],
      },
      {
        name: "the budget of an adopted service until its first promotion",
        resources: [
          canaryService(),
          budget("fop-gate", { matchLabels: { app: "fop-gate" } }, { "gray-release/adopted": "0123456789ab" }),
        ],
      },
      { name: "a budget in another namespace", resources: [canaryService({ namespace: "other" }), budget("all", {})] },
    ],
    disallowed: [
      {
        name: "a budget for all pods of the service",
        resources: [canaryService(), budget("fop-gate", { matchLabels: { app: "fop-gate" } })],
        message:
          /^PodDisruptionBudget dora-apps\/fop-gate counts the pods of both tracks of fop-gate, but must count those of one/,
      },
      {
        name: "a budget for all pods of the namespace, declared before the service",
        resources: [budget("all", {}), canaryService()],
        message: /^PodDisruptionBudget dora-apps\/all counts/,
      },
      {
        name: "a budget for pods of any track",
        resources: [canaryService(), budget("fop-gate", { matchExpressions: [{ key: "track", operator: "Exists" }] })],
        message: /counts the pods of both tracks/,
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
  // The pods of an adopted Deployment have no label track.
  if (one.fields.metadata?.annotations?.["gray-release/adopted"] !== undefined) return undefined;
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

function budget(name: string, selector: Selector, annotations: Labels = {}) {
  return kubernetes("policy/v1:PodDisruptionBudget", name, {
    metadata: { annotations },
    spec: { maxUnavailable: 1, selector },
  });
}
