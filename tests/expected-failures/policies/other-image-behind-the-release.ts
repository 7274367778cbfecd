import { transformed, type Variant } from "./variant.ts";

export default {
  title: "an image put in under the id of the release",
  rule: "released-template",
  message: `fop-gate:other" at template.spec.containers[0].image`,
  stack: "canary",
  change: transformed("Deployment", "fop-gate-canary", (props) => {
    const [first, ...others] = props.spec.template.spec.containers;
    props.spec.template.spec = {
      ...props.spec.template.spec,
      containers: [{ ...first, image: "reg.qiniu.com/dora-apps/fop-gate:other" }, ...others],
    };
  }),
} satisfies Variant;
