/** Decides whether the evidence shows that a release is bad. */
import { type EvidenceState, objectiveOf } from "./evidence-state.ts";
import { type Finding, findings, logWorseOfAll, worstPod } from "./finding.ts";
import { count, percent, span, times } from "./format.ts";

/**
 * The moment at which canary was called bad.
 *
 * @example
 * const conviction: Conviction = { at: Date.now(), reason: "canary answers 5xx 4.8 times as often as stable" };
 */
export interface Conviction {
  /** End of the tick, in milliseconds since the epoch. */
  readonly at: number;
  /** The reason as one sentence. */
  readonly reason: string;
}

/**
 * A safeguard that held back a verdict which the numbers alone would give.
 *
 * @example const isTooEarly = (guard?: Guard) => guard === "warm-up" || guard === "too few requests";
 */
export type Guard =
  | "no data"
  | "pair"
  | "floor"
  | "burst"
  | "placebo"
  | "warm-up"
  | "too few requests"
  | "only probes"
  | "unknown answers"
  | "canary's pods"
  | "no contrast";

/** The result of the check for a bad release. */
export interface BadCheck {
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
 * 5. Without a stable arm, or after its last pod is gone: canary's failures since then exceed the objective, by a test of
 *    that rate alone.
 *
 * @example convict(evidence).conviction?.reason // why the release is bad
 */
export function convict(evidence: EvidenceState): BadCheck {
  const { settings, last } = evidence;
  const threshold = Math.log(1 / settings.alpha);
  if (!evidence.compares || last?.stableLeft === false) {
    const alone = convictAlone(evidence);
    if (!evidence.compares || alone.conviction) return alone;
  }
  const { all, aboveFloor: logWorse } = logWorseOfAll(evidence);
  if (logWorse < threshold) {
    if (all < threshold) return { logWorse };
    const reason = `canary is worse than stable, but only in less than ${percent(settings.floor)} of its ${evidence.unit.noun}s`;
    return { logWorse, guard: { name: "floor", reason } };
  }
  const worst = strongest(evidence);
  if (worst.badTicks < settings.leastBadTicks) {
    return { logWorse, guard: { name: "burst", reason: oneBurst(worst) } };
  }
  const pod = worstPod(evidence);
  if (pod && logWorse < pod.logWorse + Math.log(settings.placebo)) {
    const reason = `canary looks worse than stable, but so does stable's pod ${pod.pod} compared with its other pods`;
    return { logWorse, guard: { name: "placebo", reason } };
  }
  return { logWorse, conviction: { at: last?.at ?? 0, reason: worseThanStable(evidence, worst) } };
}

/**
 * Why the evidence does not convict although there would be enough of it, if each failure were one of another client.
 *
 * @example whyBursts(evidence)?.reason // "canary answers 5xx more often than stable, but in bursts, as those of a few clients are"
 */
export function whyBursts(evidence: EvidenceState): BadCheck["guard"] {
  const { settings } = evidence;
  if (logWorseOfAll(evidence, true).aboveFloor < Math.log(1 / settings.alpha)) return undefined;
  const worst = strongest(evidence, true);
  const reason =
    worst.badTicks < settings.leastBadTicks
      ? oneBurst(worst)
      : `canary ${worst.symptom} more often than stable, but in bursts, as those of a few clients are`;
  return { name: "burst", reason };
}

const oneBurst = ({ symptom, badTicks }: Finding) =>
  `canary ${symptom} more often than stable, but only in ${count(badTicks, "tick")}: one burst is no proof`;

function convictAlone(evidence: EvidenceState): BadCheck {
  return convictByObjective(evidence, evidence.compared);
}

/**
 * Whether canary's failures exceed the objective, by a test of that rate alone.
 *
 * @param before failures that do not count
 * @example convictByObjective(evidence, { events: 0, exposure: 0, badTicks: 0 }).conviction?.reason // why canary is bad
 */
export function convictByObjective(evidence: EvidenceState, before: EvidenceState["compared"]): BadCheck {
  const { settings, last, unit } = evidence;
  const objective = objectiveOf(evidence);
  if (!objective) return { logWorse: 0 };
  const { indicator, stream } = objective;
  const symptom = indicator.symptom(indicator.name);
  const events = stream.canary.events - before.events;
  const exposure = stream.canary.exposure - before.exposure;
  const logWorse = evidence.slo.logAbove(events, exposure);
  if (logWorse < Math.log(1 / settings.alpha)) return { logWorse };
  const badTicks = stream.badTicks - before.badTicks;
  if (badTicks < settings.leastBadTicks) {
    const reason = `canary ${symptom}, but only in ${count(badTicks, "tick")}: one burst is no proof`;
    return { logWorse, guard: { name: "burst", reason } };
  }
  const reason =
    `canary ${symptom} in ${percent(events / exposure)} of its ${unit.noun}s, surely more than the ${percent(settings.slo)} ` +
    `of the objective, seen in ${count(exposure, unit.noun)} with nothing to compare it with`;
  return { logWorse, conviction: { at: last?.at ?? 0, reason } };
}

function strongest(evidence: EvidenceState, atOnce = false): Finding {
  const weight = ({ logWorse, alphaShare, aboveFloor }: Finding) =>
    aboveFloor ? logWorse + Math.log(alphaShare) : -Infinity;
  return findings(evidence, atOnce).reduce((best, each) => (weight(each) > weight(best) ? each : best));
}

function worseThanStable(evidence: EvidenceState, { symptom, rate, ratio, lower, stable }: Finding): string {
  const howOften =
    stable.events === 0 && rate !== undefined
      ? `in ${percent(rate)} of its ${evidence.unit.noun}s, which stable never does`
      : ratio === undefined || ratio === Infinity
        ? "far more often than stable"
        : `${times(ratio)} times as often as stable`;
  const confidence = percent(1 - evidence.settings.alpha);
  const bound = lower >= 1.05 ? `, at least ${times(lower)} times as often with ${confidence} confidence` : "";
  return `canary ${symptom} ${howOften}${bound}, ${seenIn(evidence)}`;
}

/** The requests and the time behind a verdict. @example seenIn(evidence) // "seen in 1 240 requests over 64 s" */
export function seenIn({ answers, canarySeconds, unit }: EvidenceState): string {
  return `seen in ${count(answers.canary.requests, unit.noun)} over ${span(canarySeconds)}`;
}
