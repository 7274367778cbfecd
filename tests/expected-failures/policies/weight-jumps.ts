import type { Variant } from "./variant.ts";

export default {
  title: "a weight that rises by a third at once",
  rule: "weight-step",
  message: `canary's share of the traffic rises from 10 % to 43.75 %`,
  stack: "canary",
  change: { configure: { canary: { weight: 45 } } },
} satisfies Variant;
