import { described, type Variant } from "./variant.ts";

export default {
  title: "a debug Ingress that everybody reaches",
  rule: "protected-debug-ingress",
  message: `has the class of the cluster's default and no annotation that restricts access`,
  stack: "prod",
  change: described((args) => {
    args.debugIngress = { host: "fop-gate-debug.qiniu.com" };
  }),
} satisfies Variant;
