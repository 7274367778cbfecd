import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a release that is neither a keyword nor an id",
  change: { configure: { prod: { release: "previous" } } },
  up: "prod",
  sentence: `fop-gate: release is "previous": must be next, current or the id of a release (12 hex digits).`,
} satisfies ExpectedFailure;
