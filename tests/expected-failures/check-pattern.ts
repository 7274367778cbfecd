import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a check with a pattern that does not compile",
  change: {
    files: { "index.ts": (text) => text.replace('body: { contains: "ok" }', 'body: { pattern: "ok)" }') },
  },
  up: "canary",
  sentence: `fop-gate: plan.checks.0.body.pattern is "ok)": is not a valid regular expression: Unmatched ')'.`,
} satisfies ExpectedFailure;
