import type { ExpectedFailure } from "./case.ts";

export default {
  title: "an image without tag",
  change: { share: { image: "reg.qiniu.com:5000/dora-apps/fop-gate" } },
  up: "canary",
  sentence: `fop-gate: container fop-gate has the image "reg.qiniu.com:5000/dora-apps/fop-gate", which does not name one build: use a tag other than "latest", or a digest, so that both tracks run the same bytes.`,
} satisfies ExpectedFailure;
