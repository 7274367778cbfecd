import type { Variant } from "./variant.ts";

export default {
  title: "an image from another registry",
  rule: "allowed-registries",
  message: `which is from quay.io, but only reg.qiniu.com/dora-apps is allowed`,
  stack: "canary",
  change: { share: { image: "quay.io/dora-apps/fop-gate:20190218210538-6-master" } },
} satisfies Variant;
