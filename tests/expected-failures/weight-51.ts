import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight that is too high for traffic by number of pods",
  needs: "cluster",
  change: { configure: { canary: { weight: 51 } } },
  up: "canary",
  sentence:
    "fop-gate: weight is 51 and traffic by number of pods supports at most 50: use a weight of at most 50, then promote the release to stable for all users.",
} satisfies ExpectedFailure;
