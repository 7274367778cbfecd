import { added, type Variant } from "./variant.ts";

export default {
  title: "a PodDisruptionBudget for both tracks",
  rule: "budget-per-track",
  message: `counts the pods of both tracks of fop-gate`,
  stack: "canary",
  change: added("policy/v1:PodDisruptionBudget", "fop-gate", {
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: "fop-gate" } } },
  }),
} satisfies Variant;
