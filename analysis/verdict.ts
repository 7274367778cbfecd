/** Judges the evidence: whether a release is bad, good, or undecided, and why. */

import { whyBroken } from "./broken-stable.ts";
import { convict, type Guard, seenIn, whyBursts } from "./conviction.ts";
import { pollingDefaults } from "./defaults.ts";
import type { Evidence } from "./evidence.ts";
import { type Finding, findings } from "./finding.ts";
import { count, percent, span, times } from "./format.ts";
import {
  type Withheld,
  whyNoData,
  whyNotHealthy,
  whyOnlyProbes,
  whyPairUnusable,
  whyTooEarly,
  whyUnknown,
} from "./guards.ts";
import type { Indicator } from "./indicator.ts";
import { judgeOwnRates } from "./own-rates.ts";

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
  /** What the verdict rests on: canary's own rates while stable is broken. @default the comparison with stable */
  readonly basis?: "own rates";
  /** Whether canary is good by its own rates, and only a person's decision that stable is broken is missing. @default false */
  readonly needsDecision?: boolean;
  /** ln E of all streams together that canary is worse. */
  readonly logWorse: number;
  /** Probability of evidence at least this strong at any poll so far if canary is not worse. 0 to 1. */
  readonly pValue: number;
  readonly findings: readonly Finding[];
}

/**
 * What people have decided about the subject of an observation.
 *
 * @example judge(evidence, Date.now(), { stableIsBroken: "alice" }).basis // "own rates", if stable is broken
 */
export interface Decisions {
  /**
   * Name of the person who decided that canary's own rates are enough for a good verdict, because stable is broken. It has no
   * effect while stable is not. @default no one did
   */
  readonly stableIsBroken?: string | undefined;
}

/**
 * The verdict at a moment. A release is bad if condition 1 holds, good if conditions 2 to 7 hold, and undecided otherwise.
 *
 * 1. It was convicted at any tick so far: see `convict`.
 * 2. The total of each pair includes its bad events, and there are data: the last tick is recent, all targets were read in it, and canary has had a request.
 * 3. No guard holds back evidence that canary is bad.
 * 4. Canary's pods exist and are ready, and none failed, unless stable's fail as often.
 * 5. Users reach canary, not probes alone. The warm-up is over, canary has answered enough requests, and the status of its answers is known, or as often as stable's.
 * 6. There is a stable arm to compare with, unless this is the first release of the service.
 * 7. Every stream is fine by itself: its ratio to stable is surely below the limit, or canary's own rate is surely below the
 *    tolerance. Latency edges too short for users to notice are left out.
 *
 * While stable is broken (`healthAfter`) and the pairs are usable, canary's own rates replace conditions 2 to 7 (`judgeOwnRates`), and any verdict but
 * undecided needs a person's decision.
 *
 * @param now in milliseconds since the epoch, on the clock of the ticks
 * @param decisions what people have decided. @default nothing
 *
 * @example
 * const evidence = new Evidence({ canary: "2.0", stable: ["1.9"] });
 * judge(evidence, Date.now()).reason; // "nothing has been observed yet"
 */
export function judge(evidence: Evidence, now: number, { stableIsBroken }: Decisions = {}): Assessment {
  const each = findings(evidence);
  const { logWorse, guard = whyBursts(evidence) } = convict(evidence);
  const all = { logWorse, pValue: Math.min(1, Math.exp(-evidence.peak)), findings: each };
  if (evidence.conviction) return { verdict: "bad", reason: evidence.conviction.reason, ...all };
  const unusable = whyPairUnusable(evidence);
  if (unusable) return { verdict: "undecided", ...unusable, ...all };
  const broken = whyBroken(evidence.health, evidence.settings);
  if (broken !== undefined) return { ...withoutComparison(evidence, now, broken, stableIsBroken), ...all };
  const withheld =
    whyNoData(evidence, now, evidence.last?.problems ?? []) ??
    (guard && { guard: guard.name, reason: guard.reason }) ??
    whyHeldBack(evidence, each);
  if (withheld) return { verdict: "undecided", ...withheld, ...all };
  const needed = neededOf(evidence, each);
  const open = needed.filter((one) => !isFine(evidence, one));
  const [worst] = open.sort((a, b) => a.logFine - b.logFine);
  if (worst) return { verdict: "undecided", reason: notYetFine(evidence, worst, open), ...all };
  return { verdict: "good", reason: fine(evidence, needed), ...all };
}

/** The guards of a good verdict by comparison. */
function whyHeldBack(evidence: Evidence, each: readonly Finding[]): Withheld | undefined {
  const { last, question, compares } = evidence;
  const asOftenAsStable = each.every((one) => !indicatorOf(evidence, one).ofPods || isFine(evidence, one));
  const withheld =
    whyNotHealthy(evidence, asOftenAsStable) ??
    whyOnlyProbes(evidence) ??
    whyTooEarly(evidence) ??
    whyUnknown(evidence);
  if (withheld) return withheld;
  if (compares ? !last?.stableRead : !question.first) {
    return {
      guard: "no contrast",
      reason: "no pod of another release is left to compare with, so nothing can be called good",
    };
  }
  return undefined;
}

/**
 * The verdict while stable is broken. Canary's own rates decide, but good needs a person's decision, because nothing is compared: a
 * release that is only less broken than stable is not good, and if both fail for the same reason, canary is not bad.
 */
function withoutComparison(evidence: Evidence, now: number, broken: string, decidedBy: string | undefined) {
  const basis = "own rates";
  const { verdict, reason, guard } = judgeOwnRates(evidence, now);
  if (decidedBy !== undefined) {
    const why = `by canary's own rates, since stable is broken (${broken}), as ${decidedBy} decided: ${reason}`;
    return { verdict, basis, reason: why, ...(guard && { guard }) } as const;
  }
  const state = { good: "by its own rates it is good: ", bad: "by its own rates it fails too: ", undecided: "" }[
    verdict
  ];
  return {
    verdict: "undecided",
    basis,
    reason: `stable is broken (${broken}), so canary cannot be compared with it; ${state}${reason}`,
    ...(guard && { guard }),
    ...(verdict === "good" && { needsDecision: true }),
  } as const;
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

/** @param finding the open finding with the least evidence that it is fine. @param open all that are open */
function notYetFine(evidence: Evidence, finding: Finding, open: readonly Finding[]): string {
  const { settings, compares, unit } = evidence;
  const { symptom, upper, rate, canary, stream } = finding;
  if (canary.exposure === 0) return `not decided yet: there are no data on how often canary ${symptom}`;
  if (open.every((one) => one.canary.exposure > 0 && !isTroubling(evidence, one))) {
    const slowest = indicatorOf(evidence, finding).measure?.(stream) ?? stream;
    const which =
      open.length === 1 ? `only ${slowest} still open` : `${open.length} measures still open, slowest: ${slowest}`;
    return `undecided, no trouble seen${timeLeft(evidence, finding)} (${which})`;
  }
  const seen = [
    ...(rate === undefined ? [] : [`in ${percent(rate)} of ${count(canary.exposure, unit.noun)}`]),
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
  const more =
    open.length > 1
      ? `; ${count(open.length - 1, "more stream")} ${open.length === 2 ? "is" : "are"} undecided too`
      : "";
  return `not decided yet: canary ${symptom} ${seen}, but good needs ${needs}${more}${timeLeft(evidence, finding)}`;
}

/** Whether a stream points to a canary that is worse than stable, or has a rate over the tolerance. */
function isTroubling({ settings }: Evidence, { logWorse, rate = 0 }: Finding): boolean {
  return logWorse > 0 || rate > settings.tolerance;
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
  return `canary ${symptom} in ${percent(rate)} of its ${evidence.unit.noun}s${compared}; `;
}
