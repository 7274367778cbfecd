import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight that canary cannot have by the number of its pods",
  needs: "cluster",
  change: { configure: { canary: { weight: 51 } } },
  up: "canary",
  sentence:
    "weight is 51 and traffic by number of pods goes up to 50: take a weight of at most 50, and prod for everybody.",
} satisfies ExpectedFailure;
