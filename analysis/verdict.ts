/** Judges the evidence: whether a release is bad, good, or undecided, and why. */

import { convict, type Guard, seenIn } from "./conviction.ts";
import { pollingDefaults } from "./defaults.ts";
import type { Evidence } from "./evidence.ts";
import { type Finding, findings } from "./finding.ts";
import { count, percent, span, times } from "./format.ts";
import type { Indicator } from "./indicator.ts";

/** The judgment on a release. @example const verdict: Verdict = judge(evidence, Date.now()).verdict; */
export type Verdict = "good" | "bad" | "undecided";

/**
 * A verdict with its reason and the evaluations behind it.
 *
 * @example const { verdict, reason }: Assessment = judge(evidence, Date.now());
 */
export interface Assessment {
  readonly verdict: Verdict;
  /** The reason as one sentence. */
  readonly reason: string;
  /** The guard that held the verdict back, if any. */
  readonly guard?: Guard;
  /** ln E of all streams together that canary is worse. */
  readonly logWorse: number;
  /** Probability of evidence at least this strong at any poll so far if canary is not worse. 0 to 1. */
  readonly pValue: number;
  readonly findings: readonly Finding[];
}

/**
 * The verdict at a moment. A release is bad if condition 1 holds, good if conditions 2 to 7 hold, and undecided otherwise.
 *
 * 1. It was convicted at any tick so far: see `convict`.
 * 2. There are data: the last tick is recent, all targets were read in it, and canary has had a request.
 * 3. No guard holds back evidence that canary is bad.
 * 4. Canary's pods exist and are ready, and none failed, unless stable's fail as often.
 * 5. The warm-up is over, and canary has answered enough requests.
 * 6. There is a stable arm to compare with, unless this is the first release of the service.
 * 7. Every stream is fine by itself: its ratio to stable is surely below the limit, or canary's own rate is surely below the
 *    tolerance. Latency edges too short for users to notice are left out.
 *
 * @param now in milliseconds since the epoch, on the clock of the ticks
 *
 * @example
 * const evidence = new Evidence({ canary: "2.0", stable: ["1.9"] });
 * judge(evidence, Date.now()).reason; // "nothing has been observed yet"
 */
export function judge(evidence: Evidence, now: number): Assessment {
  const each = findings(evidence);
  const { logWorse, guard } = convict(evidence);
  const all = { logWorse, pValue: Math.min(1, Math.exp(-evidence.peak)), findings: each };
  if (evidence.conviction) return { verdict: "bad", reason: evidence.conviction.reason, ...all };
  const withheld =
    whyNoData(evidence, now) ?? (guard && { guard: guard.name, reason: guard.reason }) ?? tooEarly(evidence, each);
  if (withheld) return { verdict: "undecided", ...withheld, ...all };
  const needed = neededOf(evidence, each);
  const open = needed.filter((one) => !isFine(evidence, one));
  const [worst] = open.sort((a, b) => a.logFine - b.logFine);
  if (worst) return { verdict: "undecided", reason: notYetFine(evidence, worst, open.length), ...all };
  return { verdict: "good", reason: fine(evidence, needed), ...all };
}

type Withheld = Pick<Assessment, "reason" | "guard">;

function whyNoData(evidence: Evidence, now: number): Withheld | undefined {
  const { last, question, answers, settings, seconds, trouble } = evidence;
  const guard = "no data";
  const why = trouble === undefined ? (last?.problems ?? []) : [trouble];
  if (!last) return { guard, reason: `nothing has been observed yet${reasons(why)}` };
  const withoutData = (now - last.at) / 1000;
  if (withoutData > settings.staleSeconds) {
    return { guard, reason: `no data for ${span(withoutData)}, so nothing can be decided${reasons(why)}` };
  }
  if (last.canaryPods === 0) return { guard, reason: `no pod runs release ${question.canary}` };
  if (!last.canaryRead) return { guard, reason: `the metrics of canary cannot be read${reasons(last.problems)}` };
  if (answers.canary.requests === 0) {
    return { guard, reason: `no request has reached canary in ${span(seconds)}, so there are no data on it` };
  }
  if (last.problems.length > 0) return { guard, reason: `some metrics are missing${reasons(last.problems)}` };
  return undefined;
}

function reasons(problems: readonly string[]): string {
  const [first, ...more] = problems;
  return first === undefined
    ? ""
    : ` (${first.replace(/\.$/, "")}${more.length > 0 ? `, and ${more.length} more` : ""})`;
}

function tooEarly(evidence: Evidence, each: readonly Finding[]): Withheld | undefined {
  const { settings, last, answers, podFailures } = evidence;
  if (last && last.unready.length > 0) {
    return { guard: "canary's pods", reason: `canary's pod ${last.unready.join(", ")} is not ready` };
  }
  if (podFailures > 0 && !each.every((one) => !indicatorOf(evidence, one).ofPods || isFine(evidence, one))) {
    return {
      guard: "canary's pods",
      reason: `canary's pods restarted or lost their readiness ${count(podFailures, "time")}`,
    };
  }
  if (evidence.warmingUp) {
    const left = settings.warmUpSeconds - evidence.canarySeconds;
    return { guard: "warm-up", reason: `canary has ${span(left)} of its warm-up left` };
  }
  if (answers.canary.requests < settings.leastRequests) {
    const reason = `canary has answered ${count(answers.canary.requests, "request")} of the ${count(settings.leastRequests)} that a verdict needs`;
    return { guard: "too few requests", reason };
  }
  if (evidence.compares ? !last?.stableRead : !evidence.question.first) {
    return {
      guard: "no contrast",
      reason: "no pod of another release is left to compare with, so nothing can be called good",
    };
  }
  return undefined;
}

function isFine({ settings }: Evidence, { logFine }: Finding): boolean {
  return logFine >= Math.log(1 / settings.beta);
}

/** The findings that good needs: those of streams that users notice, and without a stable arm only those that count alone. */
function neededOf({ indicators, compares, settings }: Evidence, each: readonly Finding[]): Finding[] {
  return indicators.flatMap((indicator) => {
    if (indicator.ofPods || !(compares || indicator.countsAlone)) return [];
    const own = each.filter(({ kind }) => kind === indicator.name);
    const names = own.map(({ stream }) => stream);
    const noticed = new Set(indicator.noticed?.(names, settings.noticeableSeconds) ?? names);
    return own.filter(({ stream }) => noticed.has(stream));
  });
}

function indicatorOf({ indicators }: Evidence, { kind }: Finding): Indicator {
  return indicators.find(({ name }) => name === kind) as Indicator;
}

function notYetFine(evidence: Evidence, finding: Finding, open: number): string {
  const { settings, compares } = evidence;
  const { symptom, upper, rate, canary } = finding;
  if (canary.exposure === 0) return `not decided yet: there are no data on how often canary ${symptom}`;
  const seen = [
    ...(rate === undefined ? [] : [`in ${percent(rate)} of ${count(canary.exposure, "request")}`]),
    ...(compares
      ? [
          upper === Infinity
            ? "with no upper bound yet compared with stable"
            : `up to ${times(upper)} times as often as stable`,
        ]
      : []),
  ].join(", ");
  const needs = [
    ...(compares ? [`less than ${times(settings.limit)} times as often`] : []),
    ...(rate === undefined ? [] : [`surely less than ${percent(settings.tolerance)}`]),
  ].join(" or ");
  const more = open > 1 ? `; ${count(open - 1, "more stream")} ${open === 2 ? "is" : "are"} undecided too` : "";
  return `not decided yet: canary ${symptom} ${seen}, but good needs ${needs}${more}${timeLeft(evidence, finding)}`;
}

/** Initial cost of the mixture over all rates, in ln E; estimated from simulated streams. */
const mixtureCost = 1;

/** The time until a stream is fine if its evidence grows at the same pace. A warm-up that excuses it is not part of it. */
function timeLeft(evidence: Evidence, finding: Finding): string {
  const { settings, canarySeconds, answers } = evidence;
  const { logFine, canary } = finding;
  const { excusedByWarmUp } = indicatorOf(evidence, finding);
  const seen = excusedByWarmUp ? (canarySeconds * canary.exposure) / answers.canary.requests : canarySeconds;
  const grown = logFine + mixtureCost;
  const left = grown > 0 ? (seen * (Math.log(1 / settings.beta) - logFine)) / grown : Infinity;
  if (left > pollingDefaults.cannotSucceedSeconds)
    return `; at this pace it takes more than ${span(pollingDefaults.cannotSucceedSeconds)}`;
  return `; about ${span(left)} more at this pace`;
}

function fine(evidence: Evidence, needed: readonly Finding[]): string {
  const { settings, compares } = evidence;
  const tolerated = percent(settings.tolerance);
  const finding = compares
    ? `is surely less than ${times(settings.limit)} times as bad as on stable, or its rate is below ${tolerated},`
    : `is surely below ${tolerated}`;
  return (
    `${failureRate(evidence, needed)}each of ${count(needed.length, "stream")} ${finding} ` +
    `with ${percent(1 - settings.beta)} confidence, ${seenIn(evidence)}`
  );
}

/** The rates of both arms that the objective limits, as the first half of a sentence. */
function failureRate(evidence: Evidence, needed: readonly Finding[]): string {
  const found = needed.find((one) => indicatorOf(evidence, one).hasObjective);
  if (!found) return "";
  const { symptom, rate = 0, stable } = found;
  const compared = stable.exposure > 0 ? ` (stable: ${percent(stable.events / stable.exposure)})` : "";
  return `canary ${symptom} in ${percent(rate)} of its requests${compared}; `;
}
