import { type Variant, withSweep } from "./variant.ts";

export default {
  title: "a job with an image that names no build",
  rule: "pinned-image",
  message: `has the image "reg.qiniu.com/dora-apps/sweep", which does not identify one build`,
  stack: "prod",
  change: withSweep("reg.qiniu.com/dora-apps/sweep"),
} satisfies Variant;
