import { described, type Variant } from "./variant.ts";

export default {
  title: "objects without a label of the organization",
  rule: "required-labels",
  message: `the organization also requires the label type`,
  stack: "canary",
  change: described((args) => {
    args.labels = { team: "dora" };
  }),
} satisfies Variant;
