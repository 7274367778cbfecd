import type { Service } from "../../engine/declared.ts";
import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/** What to do about each refusal of the gate. */
const remedies: Readonly<Record<string, (service: string, release: string) => string>> = {
  "no-verdict": (_, release) => `let gray verify judge it, or look at canary and ${approval(release)}`,
  "judged-bad": (_, release) => `it was judged bad, so release another one, or look at canary and ${approval(release)}`,
  "rollout-open": () =>
    "a rollout of another release is open, so let it end (gray status says where it is), or take it back with gray abort",
  "no-record": (service, release) =>
    `nothing says what ${service} ran, so restore the record ${service}-rollout, or ${approval(release)}`,
  "record-unreadable": (service, release) =>
    `the record ${service}-rollout cannot be read, so restore it, or delete it and ${approval(release)}`,
  "canary-not-available": (service) =>
    `${service}-canary does not run it with all its pods available, so run pulumi up --stack canary and look at its pods`,
};

/**
 * In preview the gate only warns, so that the rest of the preview can be read. Here its refusal fails the check, before
 * anybody runs `up` and is refused there. Reports show no warnings, so what is to be done is said here once more.
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
        name: "prod has no verdict",
        resources: [refused("no-verdict")],
        says: /^dora-apps\/fop-gate: the gate refuses the release of stable \(no-verdict\), so pulumi up would stop: let gray verify judge it, or look at canary and run gray approve [0-9a-f]{12} --reason <why>\.$/,
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
        says: /the release of canary \(judged-bad\), .*: it was judged bad, so release another one, or .* gray approve [0-9a-f]{12} --reason <why>\.$/,
      },
      {
        name: "a rollout is open",
        resources: [refused("rollout-open")],
        says: /\(rollout-open\), .*: a rollout of another release is open, so let it end \(gray status .*\), or take it back with gray abort\.$/,
      },
      {
        name: "the record is gone",
        resources: [refused("no-record")],
        says: /\(no-record\), .*: nothing says what fop-gate ran, so restore the record fop-gate-rollout, or run gray approve [0-9a-f]{12} --reason <why>\.$/,
      },
      {
        name: "the record cannot be read",
        resources: [refused("record-unreadable")],
        says: /\(record-unreadable\), .*: the record fop-gate-rollout cannot be read, so restore it, or delete it and run gray approve [0-9a-f]{12} --reason <why>\.$/,
      },
      {
        name: "canary is not up at the first install",
        resources: [refused("canary-not-available")],
        says: /\(canary-not-available\), .*: fop-gate-canary does not run it with all its pods available, so run pulumi up --stack canary and look at its pods\.$/,
      },
      {
        name: "a refusal that came after this pack",
        resources: [refused("full-moon")],
        says: /\(full-moon\), .*: do what the gate says in the output of pulumi preview\.$/,
      },
    ],
  },
};

function remedy({ name, releases }: Service, track: string, code: string): string {
  const release = releases[track]?.id ?? "<release>";
  return remedies[code]?.(name, release) ?? "do what the gate says in the output of pulumi preview";
}

function approval(release: string): string {
  return `run gray approve ${release} --reason <why>`;
}

function refused(code: string) {
  return canaryService({ admissions: { stable: { admitted: false, code } } });
}
