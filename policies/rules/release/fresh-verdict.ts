import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";
import { freshVerdictSettings } from "../../engine/settings.ts";

/**
 * A verdict is about the traffic, the other services and the configuration of its time. Its age counts when stable takes the release, and
 * stays what it was then: what has run since needs no new verdict.
 */
export const freshVerdict: Rule<typeof freshVerdictSettings> = {
  name: "fresh-verdict",
  description: "Stable takes a release on a verdict that is not old.",
  severity: "medium",
  remediation: "Let gray verify look at the release once more, or run gray approve, and then update stable.",
  place: "cluster",
  settings: freshVerdictSettings,
  judge(one, stack) {
    if (one.is !== "service") return [];
    const { maxHours } = stack.settings;
    return Object.entries(one.admissions)
      .filter(([, { verdictHours = 0 }]) => verdictHours > maxHours)
      .map(
        ([track, { verdictHours }]) =>
          `${one.namespace}/${one.name}: the verdict on release ${one.releases[track]?.id} is ${verdictHours} hours old where ${track} takes it, and at most ${maxHours} are wanted: judge it once more (maxHours of fresh-verdict in the pack's configuration).`,
      );
  },
  examples: {
    allowed: [
      { name: "judged this morning", resources: [judged(5)] },
      { name: "just the longest time", resources: [judged(168)] },
      {
        name: "the way back, which asks for no verdict",
        resources: [canaryService({ admissions: { stable: { admitted: true } } })],
      },
      { name: "as old as the team allows", resources: [judged(500)], settings: { maxHours: 720 } },
    ],
    disallowed: [
      {
        name: "judged last month",
        resources: [judged(700)],
        says: /^dora-apps\/fop-gate: the verdict on release [0-9a-f]{12} is 700 hours old where stable takes it, and at most 168 are wanted: judge it once more/,
      },
      {
        name: "older than the team allows",
        resources: [judged(5)],
        settings: { maxHours: 4 },
        says: /is 5 hours old .* at most 4 are wanted/,
      },
    ],
  },
};

function judged(verdictHours: number) {
  return canaryService({ admissions: { stable: { admitted: true, verdictHours } } });
}
