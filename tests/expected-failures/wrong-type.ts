import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight that is not a number",
  change: { configure: { canary: { weight: "much" } } },
  up: "canary",
  sentence: `Configuration key "weight" is "much": it must be 0 to 100; change it in Pulumi.canary.yaml.`,
} satisfies ExpectedFailure;
