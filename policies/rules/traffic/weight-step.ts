import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";
import { weightStepSettings } from "../../engine/settings.ts";

/** Shares are rounded to this, in percentage points. */
const smallest = 0.001;

/**
 * Canary meets few users before it meets many. What counts is the share that canary gets, not the weight that is asked for; the first
 * share after the dark is a rise too. It may fall as far and as fast as anybody likes.
 *
 * It judges the share and not who gets it: a new release at a weight that stays, 50 say, meets half of the users at once and
 * passes. `gray rollout` takes canary to the dark first, by its default plan; whoever does without it sets a
 * small weight before a new release.
 */
export const weightStep: Rule<typeof weightStepSettings> = {
  name: "weight-step",
  description:
    "Canary's share of the user traffic never rises by more than one step at once; a new release at a share that stays is not judged.",
  severity: "high",
  remediation: "Take a smaller weight first, and the rest once the evidence is good.",
  place: "configuration",
  settings: weightStepSettings,
  judge(one, stack) {
    if (one.is !== "service" || one.shift === undefined) return [];
    const { from, to } = one.shift;
    const most = stack.settings.largestRise;
    return to - from <= most + smallest
      ? []
      : [
          `${one.namespace}/${one.name}: canary's share of the traffic rises from ${from} % to ${to} %, and one step is at most ${most}: take a weight of at most ${from + most} first (largestRise of weight-step in the pack's configuration).`,
        ];
  },
  examples: {
    allowed: [
      { name: "from the dark to a tenth", resources: [canaryService({ shift: { from: 0, to: 10 } })] },
      { name: "a whole step", resources: [canaryService({ shift: { from: 10, to: 35 } })] },
      { name: "from everybody to the dark", resources: [canaryService({ shift: { from: 100, to: 0 } })] },
      { name: "a stack without the front", resources: [canaryService({ tracks: ["stable"] })] },
      {
        name: "a larger step, where the team has set one",
        resources: [canaryService({ shift: { from: 0, to: 50 } })],
        settings: { largestRise: 50 },
      },
    ],
    disallowed: [
      {
        name: "half of the users at once",
        resources: [canaryService({ shift: { from: 10, to: 50 } })],
        says: /^dora-apps\/fop-gate: canary's share of the traffic rises from 10 % to 50 %, and one step is at most 25: take a weight of at most 35 first/,
      },
      {
        name: "from the dark to everybody",
        resources: [canaryService({ shift: { from: 0, to: 100 } })],
        says: /rises from 0 % to 100 %.* at most 25 first/,
      },
      {
        name: "more than the step that the team has set",
        resources: [canaryService({ shift: { from: 0, to: 10 } })],
        settings: { largestRise: 5 },
        says: /one step is at most 5: take a weight of at most 5 first/,
      },
    ],
  },
};
