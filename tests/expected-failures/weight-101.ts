import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight over 100",
  change: { configure: { canary: { weight: 101 } } },
  up: "canary",
  sentence: `Configuration key "weight" is "101": it must be 0 to 100; change it in Pulumi.canary.yaml.`,
} satisfies ExpectedFailure;
