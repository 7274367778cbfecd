import type { ExpectedFailure } from "./case.ts";

/** Renames the service, in the calls that name it. */
const renamed = (program: string) => program.replace(/(openRollout|CanaryService)\("fop-gate"/g, `$1("Fop_Gate"`);

export default {
  title: "a service name that is no DNS label",
  change: { files: { "index.ts": renamed } },
  up: "canary",
  sentence: `The service name "Fop_Gate" is no DNS label: use at most 40 lower-case letters, digits and dashes, like fop-gate.`,
} satisfies ExpectedFailure;
