/** The reasons for which a verdict is withheld, whatever the numbers show. */
import type { Guard } from "./conviction.ts";
import type { Evidence } from "./evidence.ts";
import { whyExceeds } from "./excess.ts";
import { count, percent, span } from "./format.ts";
import { isRoutine } from "./routine.ts";

/** Why a verdict is withheld. */
export interface Withheld {
  /** The reason as one sentence. */
  readonly reason: string;
  readonly guard?: Guard;
}

/**
 * Why there are no data to judge; undefined if there are.
 *
 * @param problems what could not be read in the last tick, as far as it matters
 * @example whyNoData(evidence, Date.now(), [])?.guard // "no data"
 */
export function whyNoData(evidence: Evidence, now: number, problems: readonly string[]): Withheld | undefined {
  const { last, question, answers, settings, seconds, trouble, unit } = evidence;
  const guard = "no data";
  const why = trouble === undefined ? (last?.problems ?? []) : [trouble];
  if (!last) return { guard, reason: `nothing has been observed yet${reasons(why)}` };
  const withoutData = (now - last.at) / 1000;
  if (withoutData > settings.staleSeconds) {
    return { guard, reason: `no data for ${span(withoutData)}, so nothing can be decided${reasons(why)}` };
  }
  if (last.canaryPods === 0) return { guard, reason: `no pod runs release ${question.canary}` };
  if (!last.canaryRead) {
    return { guard, reason: `the metrics of canary cannot be read${reasons(last.canaryProblems ?? problems)}` };
  }
  if (answers.canary.requests === 0) {
    return { guard, reason: `no ${unit.noun} has reached canary in ${span(seconds)}, so there are no data on it` };
  }
  if (problems.length > 0) return { guard, reason: `some metrics are missing${reasons(problems)}` };
  return undefined;
}

/**
 * Why a pair withholds a verdict: its total does not include its bad events, so its rate is not known.
 *
 * @example whyPairUnusable(evidence)?.guard // "pair"
 */
export function whyPairUnusable({ excess }: Evidence): Withheld | undefined {
  const reason = whyExceeds(excess);
  return reason === undefined ? undefined : { guard: "pair", reason };
}

function reasons(problems: readonly string[]): string {
  const [first, ...more] = problems;
  return first === undefined
    ? ""
    : ` (${first.replace(/\.$/, "")}${more.length > 0 ? `, and ${more.length} more` : ""})`;
}

/**
 * Why canary's pods withhold a good verdict.
 *
 * @param excused whether their failures are excused, because stable's pods fail as often
 * @example whyNotHealthy(evidence, false)?.guard // "canary's pods"
 */
export function whyNotHealthy({ last, podFailures }: Evidence, excused: boolean): Withheld | undefined {
  if (last && last.unready.length > 0) {
    return { guard: "canary's pods", reason: `canary's pod ${last.unready.join(", ")} is not ready` };
  }
  if (podFailures > 0 && !excused) {
    return {
      guard: "canary's pods",
      reason: `canary's pods restarted or lost their readiness ${count(podFailures, "time")}`,
    };
  }
  return undefined;
}

/** Requests to canary from which on their rate can be recognized. */
const rateRequests = 20;

/**
 * Why canary's requests withhold a good verdict: they came at the rate of kubelet's probes, so no user may have reached it.
 *
 * @example whyOnlyProbes(evidence)?.guard // "only probes"
 */
export function whyOnlyProbes({ answers: { canary }, routine }: Evidence): Withheld | undefined {
  if (canary.requests < rateRequests || !isRoutine(canary.requests, routine)) return undefined;
  const reason = `canary's ${count(canary.requests, "request")} came at the rate of kubelet's probes and of reading its metrics, so no user seems to reach it: leave those out by a label, as with --without path=/healthz`;
  return { guard: "only probes", reason };
}

/**
 * Why it is too early for a good verdict: the warm-up is not over, or canary has answered too few requests.
 *
 * @example whyTooEarly(evidence)?.guard // "warm-up"
 */
export function whyTooEarly({ settings, answers, warmingUp, canarySeconds, unit }: Evidence): Withheld | undefined {
  if (warmingUp) {
    return {
      guard: "warm-up",
      reason: `canary warms up for another ${span(settings.warmUpSeconds - canarySeconds)}: its caches are cold, so latency does not count yet and nothing is called good`,
    };
  }
  if (answers.canary.requests < settings.leastRequests) {
    const reason = `canary has ${unit.done} ${count(answers.canary.requests, unit.noun)} of the ${count(settings.leastRequests)} that a verdict needs`;
    return { guard: "too few requests", reason };
  }
  return undefined;
}

/**
 * Why canary's answers without a known status withhold a good verdict: they may be failures. Some are usual, as those of clients
 * that went away, so more are needed than `tolerance`, and than `limit` times stable's share.
 *
 * @example whyUnknown(evidence)?.guard // "unknown answers"
 */
export function whyUnknown({ answers: { canary, stable }, settings }: Evidence): Withheld | undefined {
  const share = canary.unknown / canary.requests;
  const ofStable = stable.requests > 0 ? stable.unknown / stable.requests : 0;
  if (!(share > Math.max(settings.tolerance, settings.limit * ofStable))) return undefined;
  const compared = stable.requests > 0 ? ` (stable: ${percent(ofStable)})` : "";
  const reason = `the status of ${percent(share)} of canary's answers${compared} is no code that ends a request, so they may be failures`;
  return { guard: "unknown answers", reason };
}
