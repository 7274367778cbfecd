import { transformed, type Variant } from "./variant.ts";

export default {
  title: "stable with pods of the other track",
  rule: "identical-templates",
  message: `makes pods with track "canary", but is the Deployment of stable`,
  stack: "prod",
  change: transformed("Deployment", "fop-gate", (props) => {
    props.spec.template.metadata.labels = { ...props.spec.template.metadata.labels, track: "canary" };
  }),
} satisfies Variant;
