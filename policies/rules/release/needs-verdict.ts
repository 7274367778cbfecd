import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * A plan (`gray plan`, `gray rollout`) is about a release that canary has not run yet, so nobody can have judged it. The gate supposes
 * that it will be good, and this says so; it fails nothing, whereas refused-release fails a stack that is to take such a
 * release now.
 */
export const needsVerdict: Rule = {
  name: "needs-verdict",
  description: "In a plan: the release still needs a verdict before prod takes it.",
  severity: "low",
  remediation: "Nothing to mend: let canary run the release, and gray verify, gray rollout or a person judge it.",
  level: "advisory",
  place: "cluster",
  judge(one) {
    if (one.is !== "service") return [];
    return Object.entries(one.admissions)
      .filter(([, { supposed }]) => supposed)
      .map(
        ([track]) =>
          `${one.namespace}/${one.name}: release ${one.releases[track]?.id} needs a verdict before ${track} takes it, and has none yet: this plan supposes a good one.`,
      );
  },
  examples: {
    allowed: [
      {
        name: "judged good",
        resources: [canaryService({ admissions: { stable: { admitted: true, verdictHours: 1 } } })],
      },
      {
        name: "refused, which another rule says",
        resources: [canaryService({ admissions: { stable: { admitted: false, code: "no-verdict" } } })],
      },
    ],
    disallowed: [
      {
        name: "the plan of a new release",
        resources: [canaryService({ admissions: { stable: { admitted: true, supposed: true } } })],
        says: /^dora-apps\/fop-gate: release [0-9a-f]{12} needs a verdict before stable takes it, and has none yet: this plan supposes a good one\.$/,
      },
    ],
  },
};
