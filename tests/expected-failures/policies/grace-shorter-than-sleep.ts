import { described, type Variant } from "./variant.ts";

export default {
  title: "pods that are killed while they sleep before they end",
  rule: "safe-rolling-update",
  message: `terminationGracePeriodSeconds (90) must exceed the preStop sleep of container fop-gate (120)`,
  stack: "canary",
  change: described((args) => {
    args.containers[0].lifecycle = { preStop: { sleep: { seconds: 120 } } };
  }),
} satisfies Variant;
