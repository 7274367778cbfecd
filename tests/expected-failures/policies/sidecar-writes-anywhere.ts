import { described, type Variant } from "./variant.ts";

export default {
  title: "a log agent that can write to its own image",
  rule: "read-only-root",
  message: `container log-agent has readOnlyRootFilesystem false`,
  stack: "canary",
  change: described((args) => {
    args.sidecars[0].securityContext.readOnlyRootFilesystem = false;
  }),
} satisfies Variant;
