import { weightStepSettings } from "../../engine/defaults.ts";
import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** Precision of shares, in percentage points. */
const smallest = 0.001;

/**
 * Few users reach canary before many do. The rule limits the rise of canary's actual share, which may differ from the weight;
 * the first share after dark is a rise too. The share may fall by any amount.
 *
 * The rule does not look at releases: a new release at an unchanged weight of 50 reaches half of the users at once and passes.
 * `gray rollout` makes canary dark first, by its default plan. Without `gray rollout`, set a small weight before a new release.
 */
export const weightStep: Rule<typeof weightStepSettings> = {
  name: "weight-step",
  description:
    "Canary's share of the user traffic never rises by more than the largest rise at once; a new release at an unchanged share is not judged.",
  severity: "high",
  remediation: "Set a smaller weight first, and raise it when the evidence is good.",
  place: "configuration",
  settings: weightStepSettings,
  judge(one, stack) {
    if (one.is !== "service" || one.shift === undefined) return [];
    const { from, to } = one.shift;
    const most = stack.settings.largestRise;
    return to - from <= most + smallest
      ? []
      : [
          `${one.namespace}/${one.name}: canary's share of the traffic rises from ${from} % to ${to} %, but may rise by at most ${most}: set a weight of at most ${from + most} first (largestRise of weight-step in the pack's configuration).`,
        ];
  },
  examples: {
    allowed: [
      { name: "from dark to a tenth", resources: [canaryService({ shift: { from: 0, to: 10 } })] },
      { name: "exactly the largest rise", resources: [canaryService({ shift: { from: 10, to: 35 } })] },
      { name: "from all users to dark", resources: [canaryService({ shift: { from: 100, to: 0 } })] },
      { name: "a stack without the front", resources: [canaryService({ tracks: ["stable"] })] },
      {
        name: "a larger rise that the team has set",
        resources: [canaryService({ shift: { from: 0, to: 50 } })],
        settings: { largestRise: 50 },
      },
    ],
    disallowed: [
      {
        name: "half of the users at once",
        resources: [canaryService({ shift: { from: 10, to: 50 } })],
        message:
          /^dora-apps\/fop-gate: canary's share of the traffic rises from 10 % to 50 %, but may rise by at most 25: set a weight of at most 35 first/,
      },
      {
        name: "from dark to all users",
        resources: [canaryService({ shift: { from: 0, to: 100 } })],
        message: /rises from 0 % to 100 %.* at most 25 first/,
      },
      {
        name: "more than the largest rise that the team has set",
        resources: [canaryService({ shift: { from: 0, to: 10 } })],
        settings: { largestRise: 5 },
        message: /may rise by at most 5: set a weight of at most 5 first/,
      },
    ],
  },
};
