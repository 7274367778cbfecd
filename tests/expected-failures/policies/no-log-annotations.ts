import { described, type Variant } from "./variant.ts";

export default {
  title: "Deployments without the annotations of the organization",
  rule: "required-labels",
  message: `the organization also requires the annotation log.qiniu.com/global.agent, the annotation log.qiniu.com/global.version`,
  stack: "prod",
  change: described((args) => {
    args.annotations = {};
  }),
} satisfies Variant;
