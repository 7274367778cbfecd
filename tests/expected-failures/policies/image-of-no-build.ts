import { type Variant, withSweep } from "./variant.ts";

export default {
  title: "a job with whatever build is the latest",
  rule: "pinned-image",
  message: `CronJob {namespace}/fop-gate-sweep, container sweep has the image "reg.qiniu.com/dora-apps/sweep:latest"`,
  stack: "canary",
  change: withSweep("reg.qiniu.com/dora-apps/sweep:latest"),
} satisfies Variant;
