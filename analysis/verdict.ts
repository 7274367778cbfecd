import { pollingDefaults } from "./defaults.ts";
import type { Evidence } from "./evidence.ts";
import { type Finding, findings, logWorseOfAll, worstPod } from "./finding.ts";
import { count, percent, span, times } from "./format.ts";
import { edgeOf } from "./indicator.ts";

/** What evidence makes of a release. */
export type Verdict = "good" | "bad" | "undecided";

/** The moment at which canary was found worse. */
export interface Conviction {
  /** End of the tick, in milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string;
}

/** What kept a verdict back that the plain numbers would give. */
export type Guard =
  | "no data"
  | "floor"
  | "burst"
  | "placebo"
  | "warm-up"
  | "too few requests"
  | "canary's pods"
  | "no contrast";

/** A verdict with everything behind it. */
export interface Assessment {
  readonly verdict: Verdict;
  /** One sentence for a person. */
  readonly reason: string;
  /** Present where one held the verdict back. */
  readonly guard?: Guard;
  /** ln E of all streams together that canary is worse. */
  readonly logWorse: number;
  /** Chance of evidence as strong as this, at any look so far, were canary no worse. */
  readonly pValue: number;
  readonly findings: readonly Finding[];
}

interface Looked {
  /** ln E of all streams that are above the floor. */
  readonly logWorse: number;
  readonly conviction?: Conviction;
  readonly guard?: { readonly name: Guard; readonly reason: string };
}

/**
 * Whether canary is bad.
 *
 * 1. The average of the streams' e-values that canary is worse reaches 1/alpha.
 * 2. Only streams count in which canary's own rate is above the floor.
 * 3. The stream that says most was bad in several ticks: one burst may be one client.
 * 4. The evidence is `placebo` times that against any pod of stable, held against the others.
 * 5. With nothing to compare, or nothing left: canary's 5xx since then are above the objective, by a test of that rate alone.
 */
export function convict(evidence: Evidence): Looked {
  const { settings, last } = evidence;
  const threshold = Math.log(1 / settings.alpha);
  if (!evidence.compares || last?.stableLeft === false) {
    const alone = convictAlone(evidence, threshold);
    if (!evidence.compares || alone.conviction) return alone;
  }
  const { all, aboveFloor: logWorse } = logWorseOfAll(evidence);
  if (logWorse < threshold) {
    if (all < threshold) return { logWorse };
    const reason = `canary is worse than stable, but in less than ${percent(settings.floor)} of its requests`;
    return { logWorse, guard: { name: "floor", reason } };
  }
  const worst = strongest(evidence);
  if (worst.badTicks < settings.leastBadTicks) {
    const reason = `canary ${worst.symptom} more often than stable, but only in ${count(worst.badTicks, "tick")}: one burst is no proof`;
    return { logWorse, guard: { name: "burst", reason } };
  }
  const pod = worstPod(evidence);
  if (pod && logWorse < pod.logWorse + Math.log(settings.placebo)) {
    const reason = `canary looks worse than stable, but so does stable's own pod ${pod.pod} beside the others`;
    return { logWorse, guard: { name: "placebo", reason } };
  }
  return { logWorse, conviction: { at: last?.at ?? 0, reason: worseThanStable(evidence, worst) } };
}

function convictAlone(evidence: Evidence, threshold: number): Looked {
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
 * What the evidence says at a moment.
 *
 * 1. Convicted once, bad for ever: see `convict`.
 * 2. Silence is never good: there has to be a tick, a recent one, with every pod of canary read, and a request to canary.
 * 3. Evidence for bad that a guard holds back is not good either.
 * 4. Canary's pods are there and ready, and none restarted or lost its readiness, unless stable's do so as often.
 * 5. It has had its warm-up and enough requests.
 * 6. There is still something to compare it with, unless it is the first release of all.
 * 7. Every stream and edge by itself is fine: surely below the limit beside stable, or below the tolerance by canary's own rate.
 *    An edge of the latency that nobody notices is left out.
 *
 * @param now in milliseconds since the epoch, on the clock of the ticks
 */
export function judge(evidence: Evidence, now: number): Assessment {
  const each = findings(evidence);
  const { logWorse, guard } = convict(evidence);
  const all = { logWorse, pValue: Math.min(1, Math.exp(-evidence.peak)), findings: each };
  if (evidence.conviction) return { verdict: "bad", reason: evidence.conviction.reason, ...all };
  const held =
    noData(evidence, now) ?? (guard && { guard: guard.name, reason: guard.reason }) ?? tooEarly(evidence, each);
  if (held) return { verdict: "undecided", ...held, ...all };
  const needed = each.filter((one) => matters(evidence, one) && isNoticed(evidence, one, each));
  const open = needed.filter((one) => !isFine(evidence, one));
  const [worst] = open.sort((a, b) => a.logFine - b.logFine);
  if (worst) return { verdict: "undecided", reason: notYetFine(evidence, worst, open.length), ...all };
  return { verdict: "good", reason: fine(evidence, needed), ...all };
}

type Held = Pick<Assessment, "reason" | "guard">;

function noData(evidence: Evidence, now: number): Held | undefined {
  const { last, question, answers, settings, seconds, trouble } = evidence;
  const guard = "no data";
  const why = trouble === undefined ? (last?.problems ?? []) : [trouble];
  if (!last) return { guard, reason: `nothing has been observed yet${reasons(why)}` };
  const withoutData = (now - last.at) / 1000;
  if (withoutData > settings.staleSeconds) {
    return { guard, reason: `no numbers for ${span(withoutData)}, and silence decides nothing${reasons(why)}` };
  }
  if (last.canaryPods === 0) return { guard, reason: `no pod runs release ${question.canary}` };
  if (!last.canaryRead) return { guard, reason: `no pod of canary tells its numbers${reasons(last.problems)}` };
  if (answers.canary.requests === 0) {
    return { guard, reason: `no request has reached canary in ${span(seconds)}, so nothing is known of it` };
  }
  if (last.problems.length > 0) return { guard, reason: `part of the numbers is missing${reasons(last.problems)}` };
  return undefined;
}

function reasons(problems: readonly string[]): string {
  const [first, ...more] = problems;
  return first === undefined
    ? ""
    : ` (${first.replace(/\.$/, "")}${more.length > 0 ? `, and ${more.length} more` : ""})`;
}

function tooEarly(evidence: Evidence, each: readonly Finding[]): Held | undefined {
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

/** Stability without a lapse is fine as it is; and by itself a 4xx or a slow answer says nothing about a release. */
function matters({ compares }: Evidence, { kind, stream }: Finding): boolean {
  if (kind === "stability") return false;
  return compares || stream === "5xx" || !["4xx", "latency", "missing answers"].includes(kind);
}

/** The longest edge counts always: else a histogram of short ones would say nothing. */
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
  if (canary.exposure === 0) return `not decided yet: nothing is known of how often canary ${symptom}`;
  const seen = [
    ...(rate === undefined ? [] : [`in ${percent(rate)} of ${count(canary.exposure, "request")}`]),
    ...(compares
      ? [upper === Infinity ? "with no bound yet beside stable" : `up to ${times(upper)} times as often as stable`]
      : []),
  ].join(", ");
  const needs = [
    ...(compares ? [`less than ${times(settings.limit)} times as often`] : []),
    ...(rate === undefined ? [] : [`surely less than ${percent(settings.tolerance)}`]),
  ].join(" or ");
  const more = open > 1 ? `; ${count(open - 1, "more stream")} ${open === 2 ? "is" : "are"} open too` : "";
  return `not decided yet: canary ${symptom} ${seen}, and good needs ${needs}${more}${timeLeft(evidence, finding)}`;
}

/** What the mixture over all that a rate may be costs at first, in ln E; about what the simulated streams show. */
const mixtureCost = 1;

/** How long a stream still takes to be fine if its evidence grows as it did. Slow answers of the warm-up were no evidence. */
function timeLeft({ settings, canarySeconds, answers }: Evidence, { kind, logFine, canary }: Finding): string {
  const seen = kind === "latency" ? (canarySeconds * canary.exposure) / answers.canary.requests : canarySeconds;
  const grown = logFine + mixtureCost;
  const left = grown > 0 ? (seen * (Math.log(1 / settings.beta) - logFine)) / grown : Infinity;
  if (left > pollingDefaults.cannotSucceedSeconds) return "; the numbers so far do not lead there";
  return `; about ${span(left)} more at this pace`;
}

function fine(evidence: Evidence, each: readonly Finding[]): string {
  const { settings, compares } = evidence;
  const fivexx = each.find(({ stream }) => stream === "5xx");
  const rate = percent(fivexx?.rate ?? 0);
  const stable =
    fivexx && fivexx.stable.exposure > 0 ? ` (stable: ${percent(fivexx.stable.events / fivexx.stable.exposure)})` : "";
  const against = compares ? `, beside stable or below ${percent(settings.tolerance)} by itself,` : "";
  return (
    `canary answers 5xx in ${rate} of its requests${stable}; each of ${count(each.length, "stream")} is surely less than ` +
    `${times(settings.limit)} times as bad${against} with ${percent(1 - settings.beta)} confidence, ${seenIn(evidence)}`
  );
}

function seenIn({ answers, canarySeconds }: Evidence): string {
  return `seen in ${count(answers.canary.requests, "request")} over ${span(canarySeconds)}`;
}
