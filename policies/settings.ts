import type { Setting } from "./rule.ts";

/**
 * Every number of the pack that a team can set, with its default, in one place. A file for `--policy-pack-config` sets them by
 * rule: `{ "weight-step": { "largestRise": 10 } }`.
 */

/** weight-step. A quarter of the users: what the next step can harm is known from the one before. */
export const largestRise: Setting = {
  name: "largestRise",
  description: "Percentage points by which canary's share of the user traffic may rise in one step.",
  default: 25,
  minimum: 0,
  maximum: 100,
};

/** canary-capacity. CanaryService itself needs none; routes and replicas that are written by hand are rarely that exact. */
export const headroom: Setting = {
  name: "headroom",
  description:
    "Percent by which a canary pod may carry more of the user traffic than a stable pod does without canary.",
  default: 20,
  minimum: 0,
};
