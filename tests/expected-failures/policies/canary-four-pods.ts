import { transformed, type Variant } from "./variant.ts";

export default {
  title: "canary with four pods at weight 10",
  rule: "canary-share",
  message: `weight 10 needs 1`,
  stack: "canary",
  change: transformed("Deployment", "fop-gate-canary", (props) => {
    props.spec.replicas = 4;
  }),
} satisfies Variant;
