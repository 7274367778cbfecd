import type { ExpectedFailure } from "./case.ts";

/** Renames the service. */
const renamed = (program: string) => program.replace('CanaryService("fop-gate"', 'CanaryService("Fop_Gate"');

export default {
  title: "a service name that is not a DNS label",
  change: { files: { "index.ts": renamed } },
  up: "canary",
  sentence: `The service name "Fop_Gate" is not a DNS label: use at most 40 lower-case letters, digits and dashes, like fop-gate.`,
} satisfies ExpectedFailure;
