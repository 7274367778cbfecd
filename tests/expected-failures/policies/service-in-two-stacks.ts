import { added, type Variant } from "./variant.ts";

export default {
  title: "the shared Service in stable's stack too",
  rule: "one-owner",
  message: `Service {namespace}/fop-gate belongs to the stack that owns canary of fop-gate`,
  stack: "prod",
  change: added("core/v1:Service", "fop-gate", {
    metadata: { labels: {} },
    spec: { selector: { app: "fop-gate" }, ports: [{ port: 80 }] },
  }),
} satisfies Variant;
