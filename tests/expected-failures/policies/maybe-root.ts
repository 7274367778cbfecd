import { described, type Variant } from "./variant.ts";

export default {
  title: "pods that may run as root",
  rule: "non-root",
  message: `has runAsNonRoot unset, but must have runAsNonRoot true`,
  stack: "canary",
  change: described((args) => {
    args.pod.securityContext.runAsNonRoot = undefined;
  }),
} satisfies Variant;
