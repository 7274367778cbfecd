import { described, type Variant } from "./variant.ts";

export default {
  title: "Deployments without the annotations of the house",
  rule: "house-labels",
  says: `the house wants the annotation log.qiniu.com/global.agent, the annotation log.qiniu.com/global.version besides`,
  stack: "prod",
  change: described((args) => {
    args.annotations = {};
  }),
} satisfies Variant;
