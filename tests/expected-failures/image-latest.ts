import type { ExpectedFailure } from "./case.ts";

export default {
  title: "an image with the tag latest",
  change: { share: { image: "reg.qiniu.com/dora-apps/fop-gate:latest" } },
  up: "prod",
  sentence: `fop-gate: container fop-gate has the image "reg.qiniu.com/dora-apps/fop-gate:latest", which does not name one build: use a tag other than "latest", or a digest, so that both tracks run the same bytes.`,
} satisfies ExpectedFailure;
