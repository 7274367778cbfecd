import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a setting with a misspelt name",
  change: { configure: { canary: { wieght: 10 } } },
  up: "canary",
  sentence: `Configuration key "wieght" is unknown: use one of image, replicas, namespace, minReadySeconds, track, weight, release in Pulumi.canary.yaml.`,
} satisfies ExpectedFailure;
