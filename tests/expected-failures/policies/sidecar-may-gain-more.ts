import { described, type Variant } from "./variant.ts";

export default {
  title: "a log agent that may gain more than it has",
  rule: "capabilities",
  message: `allowPrivilegeEscalation is true and must be false`,
  stack: "canary",
  change: described((args) => {
    args.sidecars[0].securityContext.allowPrivilegeEscalation = true;
  }),
} satisfies Variant;
