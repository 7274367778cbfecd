import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a deadline that passes before a pod counts",
  rule: "safe-rolling-update",
  message: `progressDeadlineSeconds (1) must exceed minReadySeconds`,
  stack: "canary",
  change: transformed("Deployment", "fop-gate-canary", (props) => {
    props.spec.progressDeadlineSeconds = 1;
  }),
} satisfies Variant;
