import { freshVerdictSettings } from "../../engine/defaults.ts";
import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * A verdict holds for the traffic, the other services and the configuration of its time. The rule checks its age at the moment
 * when stable receives the release; a release that stable already runs needs no new verdict.
 */
export const freshVerdict: Rule<typeof freshVerdictSettings> = {
  name: "fresh-verdict",
  description: "Stable receives a release only on a recent verdict.",
  severity: "medium",
  remediation: "Run gray verify or gray approve for the release again, and then update stable.",
  place: "cluster",
  settings: freshVerdictSettings,
  judge(one, stack) {
    if (one.is !== "service") return [];
    const { maxHours } = stack.settings;
    return Object.entries(one.admissions)
      .filter(([, { verdictHours = 0 }]) => verdictHours > maxHours)
      .map(
        ([track, { verdictHours }]) =>
          `${one.namespace}/${one.name}: the verdict on release ${one.releases[track]?.id} is ${verdictHours} hours old, but ${track} may take it for at most ${maxHours} hours: run gray verify or gray approve again (maxHours of fresh-verdict in the pack's configuration).`,
      );
  },
  examples: {
    allowed: [
      { name: "judged this morning", resources: [judged(5)] },
      { name: "judged exactly a week ago", resources: [judged(168)] },
      {
        name: "a rollback, which needs no verdict",
        resources: [canaryService({ admissions: { stable: { admitted: true } } })],
      },
      { name: "as old as the team allows", resources: [judged(500)], settings: { maxHours: 720 } },
    ],
    disallowed: [
      {
        name: "judged last month",
        resources: [judged(700)],
        message:
          /^dora-apps\/fop-gate: the verdict on release [0-9a-f]{12} is 700 hours old, but stable may take it for at most 168 hours: run gray verify or gray approve again/,
      },
      {
        name: "older than the team allows",
        resources: [judged(5)],
        settings: { maxHours: 4 },
        message: /is 5 hours old.* at most 4 hours/,
      },
    ],
  },
};

function judged(verdictHours: number) {
  return canaryService({ admissions: { stable: { admitted: true, verdictHours } } });
}
