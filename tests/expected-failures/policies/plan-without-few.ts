import { described, type Variant } from "./variant.ts";

export default {
  title: "a plan from the dark to everybody",
  rule: "rollout-plan",
  message: `plan.steps is dark, full, but needs a step of stage canary before full`,
  stack: "canary",
  change: described((args) => {
    args.plan.steps = [{ stage: "dark" }, { stage: "full" }];
  }),
} satisfies Variant;
