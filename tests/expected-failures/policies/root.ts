import { described, type Variant } from "./variant.ts";

export default {
  title: "a container that runs as root",
  rule: "non-root",
  message: `has runAsUser 0, which is root`,
  stack: "canary",
  change: described((args) => {
    args.containers[0].securityContext.runAsUser = 0;
  }),
} satisfies Variant;
