import { described, type Variant } from "./variant.ts";

export default {
  title: "a container with the capabilities that a runtime gives",
  rule: "capabilities",
  message: `capabilities.drop is [] and must have ALL`,
  stack: "canary",
  change: described((args) => {
    args.containers[0].securityContext.capabilities = undefined;
  }),
} satisfies Variant;
