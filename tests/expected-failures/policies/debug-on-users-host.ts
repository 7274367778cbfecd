import { described, type Variant } from "./variant.ts";

export default {
  title: "the debug Ingress on the host of the users",
  rule: "unique-hostnames",
  message: `the debug Ingress claims fop-gate.qiniu.com/`,
  stack: "prod",
  change: described((args) => {
    args.debugIngress.host = args.ingress.host;
  }),
} satisfies Variant;
