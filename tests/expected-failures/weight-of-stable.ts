import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight in the stack of stable, which owns no front",
  change: { configure: { prod: { weight: 10 } } },
  up: "prod",
  sentence:
    'Configuration key "weight" is set for the stack of stable, and canary\'s stack owns the front: set it in Pulumi.canary.yaml and remove it from Pulumi.prod.yaml.',
} satisfies ExpectedFailure;
