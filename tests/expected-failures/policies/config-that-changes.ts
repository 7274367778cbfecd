import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a ConfigMap that may change under its pods",
  rule: "immutable-config",
  message: `has immutable false, but must have immutable true`,
  stack: "canary",
  change: transformed("ConfigMap", "fop-gate-config", (props) => {
    props.immutable = false;
  }),
} satisfies Variant;
