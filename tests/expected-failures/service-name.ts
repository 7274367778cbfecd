import type { ExpectedFailure } from "./case.ts";

/** Renames the service in all calls. */
const renamed = (program: string) => program.replace(/(openRollout|CanaryService)\("fop-gate"/g, `$1("Fop_Gate"`);

export default {
  title: "a service name that is not a DNS label",
  change: { files: { "index.ts": renamed } },
  up: "canary",
  sentence: `The service name "Fop_Gate" is not a DNS label: use at most 40 lower-case letters, digits and dashes, like fop-gate.`,
} satisfies ExpectedFailure;
