import { transformed, type Variant } from "./variant.ts";

export default {
  title: "all pods of stable at once",
  rule: "safe-rolling-update",
  message: `strategy.type is Recreate and must be RollingUpdate`,
  stack: "prod",
  change: transformed("Deployment", "fop-gate", (props) => {
    props.spec.strategy = { type: "Recreate" };
  }),
} satisfies Variant;
