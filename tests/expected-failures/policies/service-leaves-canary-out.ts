import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a Service that leaves canary out at weight 10",
  rule: "service-selector",
  message: `but must select app=fop-gate at weight 10`,
  stack: "canary",
  change: transformed("Service", "fop-gate", (props) => {
    props.spec.selector = { ...props.spec.selector, track: "stable" };
  }),
} satisfies Variant;
