import { transformed, type Variant } from "./variant.ts";

export default {
  title: "stable with a pod less than it declares",
  rule: "stable-size",
  message: `Deployment {namespace}/fop-gate has replicas 8, but its service declares 9`,
  stack: "prod",
  change: transformed("Deployment", "fop-gate", (props) => {
    props.spec.replicas = 8;
  }),
} satisfies Variant;
