import type { ExpectedFailure } from "./case.ts";

export default {
  title: "no pods for stable",
  change: { share: { replicas: 0 } },
  up: "prod",
  sentence: `Configuration key "replicas" is "0": it must be a whole number of at least 1; change it in Pulumi.yaml.`,
} satisfies ExpectedFailure;
