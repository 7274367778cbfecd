import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a privileged canary that no rule on pods finds by its label",
  rule: "own-labels",
  message: "Deployment {namespace}/fop-gate-canary has no label gray-release/service",
  stack: "canary",
  change: transformed("Deployment", "fop-gate-canary", (props) => {
    delete props.metadata.labels["gray-release/service"];
    props.spec.template.spec.containers[0].securityContext = { privileged: true };
  }),
} satisfies Variant;
