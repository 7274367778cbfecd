import { createHash } from "node:crypto";
import type { Log, ReportingDescriptor, Result } from "sarif";
import type { Finding, Judged } from "./findings.ts";

const schema = "https://json.schemastore.org/sarif-2.1.0.json";
/** SARIF levels by enforcement level. An advisory rule is a warning at most, whatever its severity. */
const levels: Readonly<Record<string, Result["level"]>> = { mandatory: "error", advisory: "warning" };
/** Scores from 0 to 10 by which GitHub ranks security alerts (its property `security-severity`). */
const severities: Readonly<Record<string, string>> = { low: "3.0", medium: "5.0", high: "8.0", critical: "9.5" };

/**
 * Findings as SARIF 2.1.0 (OASIS), for code scanning. The location of a finding is line 1 of the file to change, because a policy
 * does not know lines, and the URN of the resource.
 *
 * @param program file for findings that name none
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
 * Each combination of stack, resource and message is a finding of its own. GitHub tells findings apart by `primaryLocationLineHash`
 * alone (a hash and its occurrence number), and would otherwise compute it from the line, which is the same for all findings.
 */
function fingerprintsOf({ stack, rule, urn, message }: Finding): Record<string, string> {
  const hash = createHash("sha256")
    .update(JSON.stringify([stack, rule, urn, message]))
    .digest("hex");
  return { "grayPolicy/v1": hash, primaryLocationLineHash: `${hash}:1` };
}

/** A path, also of Windows, as a relative URI reference (RFC 3986). */
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
