import type { Variant } from "./variant.ts";

export default {
  title: "a plan of a release that canary has yet to run",
  rule: "needs-verdict",
  message: `needs a verdict before stable takes it`,
  stack: "prod",
  change: { files: { "config/fop-gate/fop-gate.conf": (text) => `${text}latency=1ms\n` } },
  plan: true,
} satisfies Variant;
