import type { ExpectedFailure } from "./case.ts";

const steps = `steps: [{ stage: "canary", weight: 20 }, { stage: "canary", weight: 10 }, { stage: "full" }],`;

export default {
  title: "a plan whose weights do not rise",
  change: { files: { "index.ts": (text) => text.replace("  plan: {\n", `  plan: {\n    ${steps}\n`) } },
  up: "canary",
  sentence: "fop-gate: plan.steps.1.weight is 10: must be more than 20, as weights rise.",
} satisfies ExpectedFailure;
