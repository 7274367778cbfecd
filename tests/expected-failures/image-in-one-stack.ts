import type { ExpectedFailure } from "./case.ts";

export default {
  title: "an image that only one of the two stacks sets",
  change: { configure: { canary: { image: "reg.qiniu.com/dora-apps/fop-gate:2" } } },
  up: "prod",
  sentence: `Configuration key "image" is set in Pulumi.canary.yaml, and both tracks run the same release: set it in Pulumi.yaml, for both.`,
} satisfies ExpectedFailure;
