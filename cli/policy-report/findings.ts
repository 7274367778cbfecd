/** Findings of a policy pack, parsed from the engine events of Pulumi. */
import * as v from "valibot";
import { keyed } from "../../components/schema.ts";

/** What a rule of a policy pack found in a stack. */
export interface Finding {
  readonly stack: string;
  readonly rule: string;
  /** What the rule requires, in one sentence. */
  readonly description: string;
  /** What was found, what is wanted, and which file is to be changed. */
  readonly message: string;
  /** `mandatory` fails the stack, `advisory` only reports. */
  readonly level: string;
  /** `low`, `medium`, `high` or `critical`. @default the rule has none */
  readonly severity?: string;
  /** URN of the resource. */
  readonly urn: string;
  /** File to change, if the message names one. */
  readonly file?: string;
}

/** The result of a policy pack on a stack. */
export interface Judged {
  readonly stack: string;
  /** Names of all rules that ran. */
  readonly rules: readonly string[];
  readonly findings: readonly Finding[];
  /** Why the pack could not run; absent if it ran. */
  readonly error?: string;
}

/** Whether a finding fails its stack. */
export function isViolation({ level }: Pick<Finding, "level">): boolean {
  return level === "mandatory";
}

const names = v.optional(v.nullable(v.array(v.string())));
const summary = v.object({ passed: names, failed: names });
const event = keyed(
  v.object({
    policyEvent: v.optional(
      v.object({
        resourceUrn: v.optional(v.string(), ""),
        message: v.string(),
        policyName: v.string(),
        enforcementLevel: v.string(),
        severity: v.optional(v.string()),
      }),
    ),
    policyAnalyzeSummaryEvent: v.optional(summary),
    policyAnalyzeStackSummaryEvent: v.optional(summary),
  }),
);

/**
 * Reads the policy findings from engine events, one event a line (pulumi 3.259, sdk/go/common/apitype/events.go).
 *
 * @param stack name of the stack, for the findings
 */
export function findingsIn(stack: string, lines: string): Omit<Judged, "error"> {
  const rules = new Set<string>();
  const findings: Finding[] = [];
  for (const line of lines.split("\n")) {
    if (!line.includes('"policy')) continue;
    const parsed = v.safeParse(event, read(line));
    if (!parsed.success) continue;
    const { policyEvent, policyAnalyzeSummaryEvent, policyAnalyzeStackSummaryEvent } = parsed.output;
    for (const each of [policyAnalyzeSummaryEvent, policyAnalyzeStackSummaryEvent]) {
      for (const name of [...(each?.passed ?? []), ...(each?.failed ?? [])]) rules.add(name);
    }
    if (policyEvent) {
      rules.add(policyEvent.policyName);
      findings.push(finding(stack, policyEvent));
    }
  }
  return { stack, rules: [...rules].sort(), findings };
}

function finding(
  stack: string,
  event: {
    resourceUrn: string;
    message: string;
    policyName: string;
    enforcementLevel: string;
    severity?: string | undefined;
  },
): Finding {
  // The engine puts the description of the rule in front of the finding.
  const [description = "", ...rest] = event.message.trim().split("\n");
  const message = rest.join(" ").trim() || description;
  const [, file] = / File to change: (\S+\.[\w]+)\.$/.exec(message) ?? [];
  return {
    stack,
    rule: event.policyName,
    description,
    message,
    level: event.enforcementLevel,
    ...(event.severity !== undefined && { severity: event.severity }),
    urn: event.resourceUrn,
    ...(file !== undefined && { file }),
  };
}

function read(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
