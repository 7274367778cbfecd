import { transformed, type Variant } from "./variant.ts";

export default {
  title: "pods of stable with an annotation that canary has not run",
  rule: "released-template",
  message: `at template.metadata.annotations.debug`,
  stack: "prod",
  change: transformed("Deployment", "fop-gate", (props) => {
    props.spec.template.metadata.annotations = { ...props.spec.template.metadata.annotations, debug: "true" };
  }),
} satisfies Variant;
