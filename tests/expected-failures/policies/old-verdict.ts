import type { Variant } from "./variant.ts";

export default {
  title: "prod with a verdict of last month",
  rule: "fresh-verdict",
  message: `is 700 hours old, but stable may take it for at most 168 hours`,
  stack: "prod",
  change: { files: { "config/fop-gate/fop-gate.conf": (text) => `${text}latency=1ms\n` } },
  before: { judged: 700 },
} satisfies Variant;
