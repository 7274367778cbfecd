import type { Service } from "../../engine/declared.ts";
import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** The remedy for each refusal of the gate, by its code. */
const remedies: Readonly<Record<string, (one: Service, release: string) => string>> = {
  "no-verdict": (one, release) => `let gray verify judge it, or check canary and ${approval(one, release)}`,
  "judged-bad": (one, release) =>
    `it was judged bad, so release another one, or check canary and ${approval(one, release)}`,
  "rollout-open": (one) =>
    `a rollout of another release is open, so let it finish (gray status shows its progress), or roll it back with gray abort --reason "…"${optionsOf(one)}`,
  "no-record": (one, release) =>
    `the record of ${one.name} is missing, so restore ${one.name}-rollout, or ${approval(one, release)}`,
  "record-unreadable": (one, release) =>
    `the record ${one.name}-rollout cannot be read, so restore it, or delete it and ${approval(one, release)}`,
  "canary-not-available": ({ name }) =>
    `${name}-canary does not run it with all pods available, so run pulumi up of the stack that owns canary and check its pods`,
};

/**
 * In preview the gate only warns, so that you can read the rest of the preview. This rule turns its refusal into a failure,
 * before `up` would fail with it. Policy reports do not contain warnings, so the message repeats what to do.
 */
export const refusedRelease: Rule = {
  name: "refused-release",
  description: "The gate admits the release of every track.",
  severity: "critical",
  place: "cluster",
  remediation: "Let gray verify judge the release, or run gray approve.",
  judge(one) {
    if (one.is !== "service") return [];
    return Object.entries(one.admissions)
      .filter(([, { admitted }]) => !admitted)
      .map(
        ([track, { code = "" }]) =>
          `${one.namespace}/${one.name}: the gate refuses the release of ${track} (${code}), so pulumi up would stop: ${remedy(one, track, code)}.`,
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
        name: "the release of stable has no verdict",
        resources: [refused("no-verdict")],
        message:
          /^dora-apps\/fop-gate: the gate refuses the release of stable \(no-verdict\), so pulumi up would stop: let gray verify judge it, or check canary and run gray approve [0-9a-f]{12} --reason "…" -n dora-apps --service fop-gate\.$/,
      },
      {
        name: "one of the two tracks is refused",
        resources: [
          canaryService({
            admissions: {
              canary: { admitted: false, code: "judged-bad" },
              stable: { admitted: true, code: "rollback" },
            },
          }),
        ],
        message:
          /the release of canary \(judged-bad\), .*: it was judged bad, so release another one, or .* gray approve [0-9a-f]{12} --reason "…" -n dora-apps --service fop-gate\.$/,
      },
      {
        name: "a rollout is open",
        resources: [refused("rollout-open")],
        message:
          /\(rollout-open\), .*: a rollout of another release is open, so let it finish \(gray status .*\), or roll it back with gray abort --reason "…" -n dora-apps --service fop-gate\.$/,
      },
      {
        name: "the record is gone",
        resources: [refused("no-record")],
        message:
          /\(no-record\), .*: the record of fop-gate is missing, so restore fop-gate-rollout, or run gray approve [0-9a-f]{12} --reason "…" -n dora-apps --service fop-gate\.$/,
      },
      {
        name: "the record cannot be read",
        resources: [refused("record-unreadable")],
        message:
          /\(record-unreadable\), .*: the record fop-gate-rollout cannot be read, so restore it, or delete it and run gray approve [0-9a-f]{12} --reason "…" -n dora-apps --service fop-gate\.$/,
      },
      {
        name: "canary is not available at the first install",
        resources: [refused("canary-not-available")],
        message:
          /\(canary-not-available\), .*: fop-gate-canary does not run it with all pods available, so run pulumi up of the stack that owns canary and check its pods\.$/,
      },
      {
        name: "a refusal with a code that this pack does not know",
        resources: [refused("full-moon")],
        message: /\(full-moon\), .*: follow the gate's message in the output of pulumi preview\.$/,
      },
    ],
  },
};

function remedy(one: Service, track: string, code: string): string {
  const release = one.releases[track]?.id ?? "<release>";
  return remedies[code]?.(one, release) ?? "follow the gate's message in the output of pulumi preview";
}

function approval(one: Service, release: string): string {
  return `run gray approve ${release} --reason "…"${optionsOf(one)}`;
}

function optionsOf({ namespace, name }: Service): string {
  return ` -n ${namespace} --service ${name}`;
}

function refused(code: string) {
  return canaryService({ admissions: { stable: { admitted: false, code } } });
}
