import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a shared Service that anybody may delete",
  rule: "protected-front",
  message: `Service {namespace}/fop-gate has protect false`,
  stack: "canary",
  change: transformed("Service", "fop-gate", (_, opts) => {
    opts.protect = false;
  }),
} satisfies Variant;
