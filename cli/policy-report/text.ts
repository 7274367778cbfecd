import { count } from "../../analysis/format.ts";
import { shortName } from "../output/changes.ts";
import { isViolation, type Judged } from "./findings.ts";
import { listed, type MergedFinding, mergedFindings } from "./merged-findings.ts";

const order = ["critical", "high", "medium", "low", undefined];

/**
 * The result as text: a line for each stack, then the findings by object, the most severe first, each with the stacks that it holds in, and the
 * file to change once for the object.
 *
 * @param deployed whether the findings are about deployed resources, for which Pulumi does not report the number of rules. @default false
 */
export function findingLines(judged: readonly Judged[], deployed = false): string {
  const heads = judged.map(({ stack, rules, findings, error }) => {
    const name = shortName(stack);
    if (error !== undefined) return `${name}: not judged.`;
    const violations = mergedFindings(findings).filter(isViolation).length;
    const found = violations === 0 ? "no violation" : count(violations, "violation");
    return `${name}: ${found}${deployed ? "" : ` of ${rules.length} rules`}.`;
  });
  const findings = mergedFindings(judged.flatMap((each) => (each.error === undefined ? each.findings : [])));
  const bySeverity = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const byObject = Map.groupBy(bySeverity, ({ object, place }) => JSON.stringify([object, place]));
  return [...heads, ...[...byObject.values()].flatMap(objectLines)].join("\n");
}

function objectLines(findings: readonly MergedFinding[]): string[] {
  const place = findings[0]?.place;
  return [
    ...findings.flatMap(({ rule, level, severity, stacks, sentence }) => [
      `  ${rule} (${severity === undefined ? level : `${level}, ${severity}`}) in ${listed(stacks)}`,
      `    ${sentence}`,
    ]),
    ...(place === undefined ? [] : [`    File to change: ${place}.`]),
  ];
}
