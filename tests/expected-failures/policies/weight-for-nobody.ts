import { described, type Variant } from "./variant.ts";

export default {
  title: "a weight for a controller that is retired",
  rule: "retired-annotations",
  message: `has the annotation nginx.ingress.kubernetes.io/canary-weight, which is retired`,
  stack: "canary",
  change: described((args) => {
    args.ingress.annotations = { "nginx.ingress.kubernetes.io/canary-weight": "10" };
  }),
} satisfies Variant;
