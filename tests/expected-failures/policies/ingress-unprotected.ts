import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a users' Ingress that anybody may delete",
  rule: "protected-front",
  message: `Ingress {namespace}/fop-gate has protect false`,
  stack: "canary",
  change: transformed("Ingress", "fop-gate", (_, opts) => {
    opts.protect = false;
  }),
} satisfies Variant;
