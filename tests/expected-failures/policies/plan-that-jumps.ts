import { described, type Variant } from "./variant.ts";

export default {
  title: "a plan from a tenth of the users to half of them",
  rule: "rollout-plan",
  message: `plan.steps.1.weight is 50 after 10`,
  stack: "canary",
  change: described((args) => {
    args.plan.steps = [{ stage: "canary", weight: 10 }, { stage: "canary", weight: 50 }, { stage: "full" }];
  }),
} satisfies Variant;
