import { transformed, type Variant } from "./variant.ts";

export default {
  title: "an Ingress to a port that the Service has not got",
  rule: "existing-ports",
  message: `Ingress {namespace}/fop-gate sends to port 81`,
  stack: "canary",
  change: transformed("Ingress", "fop-gate", (props) => {
    props.spec.rules[0].http.paths[0].backend.service.port.number = 81;
  }),
} satisfies Variant;
