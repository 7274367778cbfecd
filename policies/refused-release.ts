import { canaryService } from "./examples.ts";
import type { Rule } from "./rule.ts";

/**
 * In preview the gate only warns, so that the rest of the preview can be read. Here its refusal fails the check, before
 * anybody runs `up` and is refused there.
 */
export const refusedRelease: Rule = {
  name: "refused-release",
  description: "The gate admits the release of every track.",
  severity: "critical",
  place: "configuration",
  remediation: "Do what the warning of the gate says: let gray verify judge the release, or run gray approve.",
  judge(one) {
    if (one.is !== "service") return [];
    return Object.entries(one.admissions)
      .filter(([, { admitted }]) => !admitted)
      .map(
        ([track, { code }]) =>
          `${one.namespace}/${one.name}: the gate refuses the release of ${track} (${code}), so pulumi up would stop: do what its warning above says.`,
      );
  },
  examples: {
    allowed: [
      {
        name: "both tracks are admitted",
        resources: [
          canaryService({
            admissions: {
              canary: { admitted: true, code: "canary-goes-first" },
              stable: { admitted: true, code: "judged-good" },
            },
          }),
        ],
      },
    ],
    disallowed: [
      {
        name: "prod has no verdict",
        resources: [canaryService({ admissions: { stable: { admitted: false, code: "no-verdict" } } })],
        says: /^dora-apps\/fop-gate: the gate refuses the release of stable \(no-verdict\)/,
      },
      {
        name: "one of the two tracks is refused",
        resources: [
          canaryService({
            admissions: {
              canary: { admitted: false, code: "judged-bad" },
              stable: { admitted: true, code: "way-back" },
            },
          }),
        ],
        says: /the release of canary \(judged-bad\)/,
      },
    ],
  },
};
