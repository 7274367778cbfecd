/** Judges the evidence: whether a release is bad, good, or undecided, and why. */
import { pollingDefaults } from "./defaults.ts";
import type { Evidence } from "./evidence.ts";
import { type Finding, findings, logWorseOfAll, worstPod } from "./finding.ts";
import { count, percent, span, times } from "./format.ts";
import { edgeOf } from "./indicator.ts";

/** The judgment on a release. */
export type Verdict = "good" | "bad" | "undecided";

/** The moment at which canary was called bad. */
export interface Conviction {
  /** End of the tick, in milliseconds since the epoch. */
  readonly at: number;
  /** The reason as one sentence. */
  readonly reason: string;
}

/** A safeguard that held back a verdict which the numbers alone would give. */
export type Guard =
  | "no data"
  | "floor"
  | "burst"
  | "placebo"
  | "warm-up"
  | "too few requests"
  | "canary's pods"
  | "no contrast";

/** A verdict with its reason and the evaluations behind it. */
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

/** The result of the check for a bad release. */
interface BadCheck {
  /** ln E of all streams that are above the floor. */
  readonly logWorse: number;
  readonly conviction?: Conviction;
  readonly guard?: { readonly name: Guard; readonly reason: string };
}

/**
 * Whether canary is bad.
 *
 * 1. The average of the streams' e-values that canary is worse reaches 1/alpha.
 * 2. Only streams in which canary's own rate is above the floor count.
 * 3. The stream with the most evidence was bad in several ticks: one burst may be one client.
 * 4. The evidence is at least `placebo` times the evidence against any stable pod compared with the other stable pods.
 * 5. Without a stable arm, or after its last pod is gone: canary's 5xx since then exceed the objective, by a test of that
 *    rate alone.
 */
export function convict(evidence: Evidence): BadCheck {
  const { settings, last } = evidence;
  const threshold = Math.log(1 / settings.alpha);
  if (!evidence.compares || last?.stableLeft === false) {
    const alone = convictAlone(evidence, threshold);
    if (!evidence.compares || alone.conviction) return alone;
  }
  const { all, aboveFloor: logWorse } = logWorseOfAll(evidence);
  if (logWorse < threshold) {
    if (all < threshold) return { logWorse };
    const reason = `canary is worse than stable, but only in less than ${percent(settings.floor)} of its requests`;
    return { logWorse, guard: { name: "floor", reason } };
  }
  const worst = strongest(evidence);
  if (worst.badTicks < settings.leastBadTicks) {
    const reason = `canary ${worst.symptom} more often than stable, but only in ${count(worst.badTicks, "tick")}: one burst is no proof`;
    return { logWorse, guard: { name: "burst", reason } };
  }
  const pod = worstPod(evidence);
  if (pod && logWorse < pod.logWorse + Math.log(settings.placebo)) {
    const reason = `canary looks worse than stable, but so does stable's pod ${pod.pod} compared with its other pods`;
    return { logWorse, guard: { name: "placebo", reason } };
  }
  return { logWorse, conviction: { at: last?.at ?? 0, reason: worseThanStable(evidence, worst) } };
}

function convictAlone(evidence: Evidence, threshold: number): BadCheck {
  const { settings, last, compared } = evidence;
  const stream = evidence.streams.get("5xx")?.get("5xx");
  if (!stream) return { logWorse: 0 };
  const events = stream.canary.events - compared.events;
  const exposure = stream.canary.exposure - compared.exposure;
  const logWorse = evidence.slo.logAbove(events, exposure);
  if (logWorse < threshold) return { logWorse };
  const badTicks = stream.badTicks - compared.badTicks;
  if (badTicks < settings.leastBadTicks) {
    const reason = `canary answers 5xx, but only in ${count(badTicks, "tick")}: one burst is no proof`;
    return { logWorse, guard: { name: "burst", reason } };
  }
  const reason =
    `canary answers 5xx in ${percent(events / exposure)} of its requests, surely more than the ${percent(settings.slo)} ` +
    `of the objective, seen in ${count(exposure, "request")} with nothing to compare it with`;
  return { logWorse, conviction: { at: last?.at ?? 0, reason } };
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
 * @example judge(evidence, Date.now()) // { verdict: "undecided", reason: "canary has 42 s of its warm-up left", ... }
 */
export function judge(evidence: Evidence, now: number): Assessment {
  const each = findings(evidence);
  const { logWorse, guard } = convict(evidence);
  const all = { logWorse, pValue: Math.min(1, Math.exp(-evidence.peak)), findings: each };
  if (evidence.conviction) return { verdict: "bad", reason: evidence.conviction.reason, ...all };
  const withheld =
    whyNoData(evidence, now) ?? (guard && { guard: guard.name, reason: guard.reason }) ?? tooEarly(evidence, each);
  if (withheld) return { verdict: "undecided", ...withheld, ...all };
  const needed = each.filter((one) => matters(evidence, one) && isNoticed(evidence, one, each));
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
  if (podFailures > 0 && !each.every((one) => one.kind !== "stability" || isFine(evidence, one))) {
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

/**
 * Whether good needs this stream. Stability is checked with the pods. Without a stable arm, 4xx, latency and missing answers
 * are no evidence about the release.
 */
function matters({ compares }: Evidence, { kind, stream }: Finding): boolean {
  if (kind === "stability") return false;
  return compares || stream === "5xx" || !["4xx", "latency", "missing answers"].includes(kind);
}

/** Whether users notice latency above this edge. The longest edge always counts, so that some edge is always tested. */
function isNoticed({ settings }: Evidence, { kind, stream }: Finding, each: readonly Finding[]): boolean {
  if (kind !== "latency") return true;
  const edge = edgeOf(stream);
  return edge >= settings.noticeableSeconds || each.every((one) => one.kind !== kind || edgeOf(one.stream) <= edge);
}

function strongest(evidence: Evidence): Finding {
  const weight = ({ logWorse, alphaShare, aboveFloor }: Finding) =>
    aboveFloor ? logWorse + Math.log(alphaShare) : -Infinity;
  return findings(evidence).reduce((best, each) => (weight(each) > weight(best) ? each : best));
}

function worseThanStable(evidence: Evidence, { symptom, rate, ratio, lower, stable }: Finding): string {
  const howOften =
    stable.events === 0 && rate !== undefined
      ? `in ${percent(rate)} of its requests, which stable never does`
      : ratio === undefined || ratio === Infinity
        ? "far more often than stable"
        : `${times(ratio)} times as often as stable`;
  const confidence = percent(1 - evidence.settings.alpha);
  const bound = lower > 1 ? `, at least ${times(lower)} times as often with ${confidence} confidence` : "";
  return `canary ${symptom} ${howOften}${bound}, ${seenIn(evidence)}`;
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

/** The time until a stream is fine if its evidence grows at the same pace. Latency of the warm-up is not part of it. */
function timeLeft({ settings, canarySeconds, answers }: Evidence, { kind, logFine, canary }: Finding): string {
  const seen = kind === "latency" ? (canarySeconds * canary.exposure) / answers.canary.requests : canarySeconds;
  const grown = logFine + mixtureCost;
  const left = grown > 0 ? (seen * (Math.log(1 / settings.beta) - logFine)) / grown : Infinity;
  if (left > pollingDefaults.cannotSucceedSeconds)
    return `; at this pace it takes more than ${span(pollingDefaults.cannotSucceedSeconds)}`;
  return `; about ${span(left)} more at this pace`;
}

function fine(evidence: Evidence, each: readonly Finding[]): string {
  const { settings, compares } = evidence;
  const fivexx = each.find(({ stream }) => stream === "5xx");
  const rate = percent(fivexx?.rate ?? 0);
  const stable =
    fivexx && fivexx.stable.exposure > 0 ? ` (stable: ${percent(fivexx.stable.events / fivexx.stable.exposure)})` : "";
  const tolerated = percent(settings.tolerance);
  const finding = compares
    ? `is surely less than ${times(settings.limit)} times as bad as on stable, or its rate is below ${tolerated},`
    : `is surely below ${tolerated}`;
  return (
    `canary answers 5xx in ${rate} of its requests${stable}; each of ${count(each.length, "stream")} ${finding} ` +
    `with ${percent(1 - settings.beta)} confidence, ${seenIn(evidence)}`
  );
}

function seenIn({ answers, canarySeconds }: Evidence): string {
  return `seen in ${count(answers.canary.requests, "request")} over ${span(canarySeconds)}`;
}
