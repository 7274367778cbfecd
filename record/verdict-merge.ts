import type { Evidence } from "../analysis/evidence.ts";
import type { Finding } from "../analysis/finding.ts";
import type { Assessment } from "../analysis/verdict.ts";
import { oneLine } from "../border/foreign-text.ts";
import type { Verdict } from "./record.ts";

/** Who judged, where it was no person. */
export const byEvidence = "evidence";
/** Who holds a rollout or takes it back, where neither a person nor the evidence does. */
export const byDriver = "gray";

/**
 * The verdict that the record is to hold, or undefined where it is to stay as it is.
 *
 * 1. Bad by evidence replaces whatever is there: the newest numbers are about what runs now.
 * 2. Good by evidence never replaces bad, whoever said so: only a person can overrule that (gray approve).
 * 3. Good by evidence does not replace a person's good, which has a name and a reason.
 * 4. Undecided replaces nothing but undecided.
 */
export function judgement(
  before: Verdict | undefined,
  assessment: Assessment,
  evidence: Evidence,
  at: Date,
): Verdict | undefined {
  const { verdict } = assessment;
  // A pod's own words may be part of the reason.
  const reason = oneLine(assessment.reason);
  if (verdict === "good" && before !== undefined && before.verdict !== "undecided") return undefined;
  if (verdict === "undecided" && before !== undefined && before.verdict !== "undecided") return undefined;
  return { verdict, by: byEvidence, reason, at: at.toISOString(), evidence: summary(assessment, evidence) };
}

/** What an observation came to, in a verdict and a sentence without its full stop. */
export type Outcome = Pick<Assessment, "verdict" | "reason">;

/**
 * What an observation came to in the end: what stands in the record, because that is what the gate goes by.
 *
 * 1. Bad by evidence is bad, even where it could not be written.
 * 2. Whatever else is not in the record does not count: a good that could not be written is none.
 *
 * @param standing what the record holds on the release, as far as it is known
 * @param trouble why the record could not be written
 */
export function outcome(assessment: Assessment, standing: Verdict | undefined, trouble: string | undefined): Outcome {
  const { verdict } = assessment;
  const reason = oneLine(assessment.reason);
  const unwritten =
    trouble === undefined ? "" : `; the record could not be written and does not say so (${oneLine(trouble)})`;
  const stands = standing?.verdict ?? "undecided";
  if (verdict === "bad" || verdict === stands) return { verdict, reason: `${reason}${unwritten}` };
  if (standing === undefined || stands === "undecided") {
    return { verdict: "undecided", reason: `found ${verdict}, ${reason}${unwritten}` };
  }
  const says = `the record says so (${standing.by}: ${standing.reason})`;
  return {
    verdict: stands,
    reason:
      verdict === "good"
        ? `${says}, which good by evidence does not overrule, but gray approve does; now: ${reason}`
        : `${says}; now it is undecided: ${reason}`,
  };
}

/** Streams whose numbers go into the record: those that say most. */
const streamsShown = 3;

/** The numbers behind a verdict, short enough for the record. */
function summary(assessment: Assessment, { answers, canarySeconds, question, settings }: Evidence) {
  const { verdict, pValue, findings } = assessment;
  const reason = oneLine(assessment.reason);
  const { alpha, margin, limit, beta, tolerance, floor } = settings;
  return {
    verdict,
    reason,
    comparedWith: [...question.stable],
    seconds: canarySeconds,
    requests: { canary: answers.canary.requests, stable: answers.stable.requests },
    failed: { canary: answers.canary.failed, stable: answers.stable.failed },
    pValue,
    settings: { alpha, margin, limit, beta, tolerance, floor },
    streamCount: findings.length,
    streams: telling(assessment).map(({ stream, ratio, lower, upper, logWorse, logFine }) => ({
      stream,
      ratio: finite(ratio),
      lower: finite(lower),
      upper: finite(upper),
      log10Worse: Number((logWorse / Math.LN10).toFixed(2)),
      log10Fine: Number((logFine / Math.LN10).toFixed(2)),
    })),
  };
}

/** The streams that decided: the strongest against a bad release, else those that are the furthest from good. */
function telling({ verdict, findings }: Assessment): Finding[] {
  const against = ({ aboveFloor, logWorse, alphaShare }: Finding) =>
    aboveFloor ? logWorse + Math.log(alphaShare) : -Infinity;
  return findings
    .toSorted(verdict === "bad" ? (a, b) => against(b) - against(a) : (a, b) => a.logFine - b.logFine)
    .slice(0, streamsShown);
}

/** JSON knows no infinity: what has no end is null. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(3)) : null;
}
