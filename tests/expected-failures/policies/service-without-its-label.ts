import { transformed, type Variant } from "./variant.ts";

export default {
  title: "the shared Service without the label of its service",
  rule: "own-labels",
  message: "has no label gray-release/service, but must have gray-release/service: fop-gate",
  stack: "canary",
  change: transformed("Service", "fop-gate", (props) => {
    delete props.metadata.labels["gray-release/service"];
  }),
} satisfies Variant;
