import { described, type Variant } from "./variant.ts";

export default {
  title: "a roll that takes a pod away first",
  rule: "safe-rolling-update",
  message: `maxUnavailable is 1 and must be 0`,
  stack: "canary",
  change: described((args) => {
    args.maxUnavailable = 1;
  }),
} satisfies Variant;
