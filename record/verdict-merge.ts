/** Merges a verdict by evidence with the verdict in the record. */
import type { Evidence } from "../analysis/evidence.ts";
import type { Finding } from "../analysis/finding.ts";
import type { Assessment } from "../analysis/verdict.ts";
import { oneLine } from "../border/foreign-text.ts";
import type { Verdict } from "./record.ts";

/** Author of a verdict by evidence. */
export const byEvidence = "evidence";
/** Author of a pause or a rollback that the driver decided, rather than a person or evidence. */
export const byDriver = "gray";

/**
 * The verdict to write into the record; undefined if the record must stay as it is.
 *
 * 1. Bad by evidence replaces every verdict: the newest numbers are about the pods that run now.
 * 2. Good by evidence never replaces bad, of any author: only a person can overrule bad (gray approve).
 * 3. Good by evidence does not replace a person's good, which has a name and a reason.
 * 4. Undecided replaces only undecided.
 *
 * @param before the verdict in the record
 * @param at when the assessment was made
 */
export function mergeVerdict(
  before: Verdict | undefined,
  assessment: Assessment,
  evidence: Evidence,
  at: Date,
): Verdict | undefined {
  const { verdict } = assessment;
  // The reason may contain text from a pod.
  const reason = oneLine(assessment.reason);
  if (verdict === "good" && before !== undefined && before.verdict !== "undecided") return undefined;
  if (verdict === "undecided" && before !== undefined && before.verdict !== "undecided") return undefined;
  return { verdict, by: byEvidence, reason, at: at.toISOString(), evidence: summary(assessment, evidence) };
}

/** The result of an observation. Its reason is a sentence without its full stop. */
export type Outcome = Pick<Assessment, "verdict" | "reason">;

/**
 * The final result of an observation. The record decides, because the gate reads the record.
 *
 * 1. Bad by evidence is bad, even if it could not be written.
 * 2. Any other verdict counts only if it is in the record: a good verdict that could not be written is undecided.
 *
 * @param inRecord the verdict in the record, if it is known
 * @param trouble why the record could not be written
 */
export function outcome(assessment: Assessment, inRecord: Verdict | undefined, trouble: string | undefined): Outcome {
  const { verdict } = assessment;
  const reason = oneLine(assessment.reason);
  const unwritten = trouble === undefined ? "" : `; it could not be written into the record (${oneLine(trouble)})`;
  const recorded = inRecord?.verdict ?? "undecided";
  if (verdict === "bad" || verdict === recorded) return { verdict, reason: `${reason}${unwritten}` };
  if (inRecord === undefined || inRecord.verdict === "undecided") {
    return { verdict: "undecided", reason: `judged ${verdict}, ${reason}${unwritten}` };
  }
  const source = `the verdict in the record (${inRecord.by}: ${inRecord.reason})`;
  return {
    verdict: inRecord.verdict,
    reason:
      verdict === "good"
        ? `${source} is not overruled by good evidence, only by gray approve; the evidence now: ${reason}`
        : `${source} stays; the evidence now is undecided: ${reason}`,
  };
}

/** Number of streams in the record: those that decided. */
const streamsShown = 3;

/** The numbers behind a verdict, short enough for the record. */
function summary(assessment: Assessment, { answers, canarySeconds, question, settings }: Evidence) {
  const { verdict, basis, pValue, findings } = assessment;
  const reason = oneLine(assessment.reason);
  const { alpha, margin, limit, beta, tolerance, floor } = settings;
  return {
    verdict,
    reason,
    ...(basis !== undefined && { basis }),
    comparedWith: [...question.stable],
    seconds: canarySeconds,
    requests: { canary: answers.canary.requests, stable: answers.stable.requests },
    failed: { canary: answers.canary.failed, stable: answers.stable.failed },
    pValue,
    settings: { alpha, margin, limit, beta, tolerance, floor },
    streamCount: findings.length,
    streams: decisiveStreams(assessment).map(({ stream, ratio, lower, upper, logWorse, logFine }) => ({
      stream,
      ratio: finite(ratio),
      lower: finite(lower),
      upper: finite(upper),
      log10Worse: Number((logWorse / Math.LN10).toFixed(2)),
      log10Fine: Number((logFine / Math.LN10).toFixed(2)),
    })),
  };
}

/**
 * The streams that decided: for a bad verdict those with the strongest evidence against the release, otherwise those
 * furthest from good.
 */
function decisiveStreams({ verdict, findings }: Assessment): Finding[] {
  const against = ({ aboveFloor, logWorse, alphaShare }: Finding) =>
    aboveFloor ? logWorse + Math.log(alphaShare) : -Infinity;
  return findings
    .toSorted(verdict === "bad" ? (a, b) => against(b) - against(a) : (a, b) => a.logFine - b.logFine)
    .slice(0, streamsShown);
}

/** JSON has no infinity: it becomes null. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(3)) : null;
}
