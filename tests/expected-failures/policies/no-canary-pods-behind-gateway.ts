import { both, routed, transformed, type Variant } from "./variant.ts";

export default {
  title: "a tenth of the requests for no pod",
  rule: "canary-capacity",
  message: `has 0 replicas: no pod serves it`,
  stack: "canary",
  change: both(
    routed,
    transformed("Deployment", "fop-gate-canary", (props) => {
      props.spec.replicas = 0;
    }),
  ),
} satisfies Variant;
