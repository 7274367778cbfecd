import { described, type Variant } from "./variant.ts";

export default {
  title: "pods without a seccomp profile",
  rule: "seccomp",
  message: `has the seccompProfile Unconfined`,
  stack: "canary",
  change: described((args) => {
    args.pod.securityContext.seccompProfile = { type: "Unconfined" };
  }),
} satisfies Variant;
