import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight below 0",
  change: { configure: { canary: { weight: -1 } } },
  up: "canary",
  sentence: `Configuration key "weight" is "-1": it must be 0 to 100; change it in Pulumi.canary.yaml.`,
} satisfies ExpectedFailure;
