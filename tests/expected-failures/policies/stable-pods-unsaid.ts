import { transformed, type Variant } from "./variant.ts";

export default {
  title: "stable with as many pods as Kubernetes likes",
  rule: "stable-size",
  message: `has replicas unset, which is 1`,
  stack: "prod",
  change: transformed("Deployment", "fop-gate", (props) => {
    props.spec.replicas = undefined;
  }),
} satisfies Variant;
