import type { ExpectedFailure } from "./case.ts";

const mebibyte = 1_048_576;

export default {
  title: "config files that exceed a ConfigMap",
  change: { files: { "config/fop-gate/fop-gate.conf": () => "x".repeat(mebibyte) } },
  up: "canary",
  sentence: `fop-gate: the config files of "config" are 1048589 bytes together and a ConfigMap holds at most 1048576 (1 MiB): split them into several file sets or ship them in the image.`,
} satisfies ExpectedFailure;
