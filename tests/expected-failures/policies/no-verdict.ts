import type { Variant } from "./variant.ts";

export default {
  title: "prod with a release that nobody has judged",
  rule: "refused-release",
  message: `the gate refuses the release of stable (no-verdict)`,
  stack: "prod",
  change: { files: { "config/fop-gate/fop-gate.conf": (text) => `${text}latency=1ms\n` } },
  before: "canary",
} satisfies Variant;
