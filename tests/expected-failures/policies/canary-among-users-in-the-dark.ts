import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a Service that selects canary in the dark",
  rule: "service-selector",
  message: `but must select app=fop-gate,track=stable at weight 0`,
  stack: "canary",
  change: {
    ...transformed("Service", "fop-gate", (props) => {
      props.spec.selector = { app: "fop-gate" };
    }),
    configure: { canary: { weight: 0 } },
  },
} satisfies Variant;
