import type { Evidence } from "../analysis/evidence.ts";
import type { Assessment } from "../analysis/verdict.ts";
import type { Verdict } from "./record.ts";

/** Who judged, where it was no person. */
export const byEvidence = "evidence";

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
  const { verdict, because } = assessment;
  if (verdict === "good" && before !== undefined && before.verdict !== "undecided") return undefined;
  if (verdict === "undecided" && before !== undefined && before.verdict !== "undecided") return undefined;
  return { verdict, by: byEvidence, because, at: at.toISOString(), evidence: summary(assessment, evidence) };
}

/** The numbers behind a verdict, short enough for the record. */
function summary(
  { verdict, because, pValue, findings }: Assessment,
  { answers, canarySeconds, question, settings }: Evidence,
) {
  const { alpha, margin, limit, beta, tolerance, floor } = settings;
  return {
    verdict,
    because,
    comparedWith: [...question.stable],
    seconds: canarySeconds,
    requests: { canary: answers.canary.requests, stable: answers.stable.requests },
    failed: { canary: answers.canary.failed, stable: answers.stable.failed },
    pValue,
    settings: { alpha, margin, limit, beta, tolerance, floor },
    streams: findings.map(({ stream, ratio, lower, upper, logWorse, logFine }) => ({
      stream,
      ratio: finite(ratio),
      lower,
      upper: finite(upper),
      log10Worse: Number((logWorse / Math.LN10).toFixed(2)),
      log10Fine: Number((logFine / Math.LN10).toFixed(2)),
    })),
  };
}

/** JSON knows no infinity: what has no end is null. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(3)) : null;
}
