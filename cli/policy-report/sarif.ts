import { createHash } from "node:crypto";
import type { Log, ReportingDescriptor, Result } from "sarif";
import type { Finding, Judged } from "./findings.ts";

const schema = "https://json.schemastore.org/sarif-2.1.0.json";
/** A rule that fails nothing is no error, however bad what it tells. */
const levels: Readonly<Record<string, Result["level"]>> = { mandatory: "error", advisory: "warning" };
/** Where GitHub shows a finding among security alerts, from 0 to 10 (its property `security-severity`). */
const severities: Readonly<Record<string, string>> = { low: "3.0", medium: "5.0", high: "8.0", critical: "9.5" };

/**
 * Findings as SARIF 2.1.0 (OASIS), for code scanning. A finding is about the file that it says is to be changed, line 1, as a policy knows no
 * lines, and about the resource by its URN.
 *
 * @param program the file of findings that name none
 */
export function sarif(judged: readonly Judged[], program: string): string {
  const findings = judged.flatMap((each) => each.findings);
  const rules = [...new Set(judged.flatMap((each) => each.rules))].sort();
  const of = (rule: string) => findings.find((each) => each.rule === rule);
  const log: Log = {
    $schema: schema,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "gray policy", rules: rules.map((rule) => ruleOf(rule, of(rule))) } },
        invocations: judged.map(({ stack, error }) => ({
          executionSuccessful: error === undefined,
          properties: { stack },
          ...(error !== undefined && {
            toolExecutionNotifications: [{ level: "error", message: { text: `${stack}: ${error}` } }],
          }),
        })),
        results: findings.map((finding) => ({
          ruleId: finding.rule,
          ruleIndex: rules.indexOf(finding.rule),
          level: levels[finding.level] ?? "warning",
          message: { text: finding.message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(finding.file ?? program) },
                region: { startLine: 1 },
              },
              logicalLocations: [{ fullyQualifiedName: finding.urn, kind: "resource" }],
            },
          ],
          partialFingerprints: fingerprintsOf(finding),
        })),
      },
    ],
  };
  return JSON.stringify(log, undefined, 2);
}

/**
 * Two stacks, two resources and two sentences about one are findings of their own. GitHub goes by `primaryLocationLineHash` alone (a hash, and
 * the how-manieth of it), and would make it of the line, which is the same for all.
 */
function fingerprintsOf({ stack, rule, urn, message }: Finding): Record<string, string> {
  const hash = createHash("sha256")
    .update(JSON.stringify([stack, rule, urn, message]))
    .digest("hex");
  return { "grayPolicy/v1": hash, primaryLocationLineHash: `${hash}:1` };
}

/** A path, of Windows too, as the relative reference that a URI has to be (RFC 3986). */
function uriOf(path: string): string {
  return path.split(/[\\/]/).map(encodeURIComponent).join("/");
}

function ruleOf(id: string, found: Finding | undefined): ReportingDescriptor {
  const severity = severities[found?.severity ?? ""];
  return {
    id,
    ...(found && { shortDescription: { text: found.description } }),
    ...(severity !== undefined && { properties: { "security-severity": severity } }),
  };
}
