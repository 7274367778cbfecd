import { transformed, type Variant } from "./variant.ts";

export default {
  title: "a Service that leads to a port that no container has",
  rule: "existing-ports",
  message: `leads to port web of Deployment {namespace}/fop-gate-canary`,
  stack: "canary",
  change: transformed("Service", "fop-gate", (props) => {
    props.spec.ports = [{ name: "http", port: 80, targetPort: "web" }];
  }),
} satisfies Variant;
