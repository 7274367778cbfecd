import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a namespace that is not a DNS label",
  change: { share: { namespace: "Dora_Apps" } },
  up: "canary",
  sentence: `fop-gate: namespace is "Dora_Apps": must be a DNS label, like dora-apps.`,
} satisfies ExpectedFailure;
