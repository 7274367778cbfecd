import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a plan without stage full",
  change: {
    files: {
      "index.ts": (text) => text.replace("  plan: {\n", '  plan: {\n    steps: [{ stage: "dark" }],\n'),
    },
  },
  up: "canary",
  sentence: 'fop-gate: plan.steps is {any}: must end with { "stage": "full" }, which promotes the release to stable.',
} satisfies ExpectedFailure;
