import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a release that is not in the history",
  needs: "cluster",
  before: [{ up: "canary", release: "A" }],
  change: { configure: { prod: { release: "000000000000" } } },
  up: "prod",
  sentence:
    "fop-gate stable: release 000000000000 is not in the history, which keeps {A}: set release to one of these, to next or to current.",
} satisfies ExpectedFailure;
