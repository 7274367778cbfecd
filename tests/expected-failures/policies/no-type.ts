import { described, type Variant } from "./variant.ts";

export default {
  title: "objects without a label of the house",
  rule: "house-labels",
  says: `the house wants the label type besides`,
  stack: "canary",
  change: described((args) => {
    args.labels = { team: "dora" };
  }),
} satisfies Variant;
