import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * A plan (`gray plan`, `gray rollout`) covers a release that canary has not run yet, so it has no verdict. The gate assumes that
 * the verdict will be good, and this rule reports the assumption. It is advisory; refused-release fails a stack that would take
 * such a release now.
 */
export const needsVerdict: Rule = {
  name: "needs-verdict",
  description: "In a plan: the release still needs a verdict before stable takes it.",
  severity: "low",
  remediation:
    "Change nothing: run the release on canary, and judge it with gray verify, gray rollout or gray approve.",
  level: "advisory",
  place: "cluster",
  judge(one) {
    if (one.is !== "service") return [];
    return Object.entries(one.admissions)
      .filter(([, { assumed }]) => assumed)
      .map(
        ([track]) =>
          `${one.namespace}/${one.name}: release ${one.releases[track]?.id} needs a verdict before ${track} takes it, and has none yet: this plan assumes a good one.`,
      );
  },
  examples: {
    allowed: [
      {
        name: "judged good",
        resources: [canaryService({ admissions: { stable: { admitted: true, verdictHours: 1 } } })],
      },
      {
        name: "refused, which another rule reports",
        resources: [canaryService({ admissions: { stable: { admitted: false, code: "no-verdict" } } })],
      },
    ],
    disallowed: [
      {
        name: "the plan of a new release",
        resources: [canaryService({ admissions: { stable: { admitted: true, assumed: true } } })],
        message:
          /^dora-apps\/fop-gate: release [0-9a-f]{12} needs a verdict before stable takes it, and has none yet: this plan assumes a good one\.$/,
      },
    ],
  },
};
