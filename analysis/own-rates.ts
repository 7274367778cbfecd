/** Judges canary by its own rates, where stable is broken and nothing can be compared with it. */
import { convictByObjective, seenIn } from "./conviction.ts";
import { nothing } from "./count.ts";
import type { Evidence } from "./evidence.ts";
import { objectiveOf } from "./evidence-state.ts";
import { percent } from "./format.ts";
import { type Withheld, whyNoData, whyNotHealthy, whyOnlyProbes, whyTooEarly, whyUnknown } from "./guards.ts";

/** The verdict by canary's own rates, with its reason. */
export interface OwnVerdict extends Withheld {
  readonly verdict: "good" | "bad" | "undecided";
}

/**
 * The verdict by canary's own rates in all requests of the observation. A release is bad if condition 1 holds, good if conditions
 * 2 to 7 hold, and undecided otherwise.
 *
 * 1. Canary's failures exceed the objective, by a test of that rate alone, in several ticks.
 * 2. There are data: the last tick is recent, all targets of canary were read in it, and canary has had a request.
 * 3. No burst of failures waits for proof.
 * 4. Canary's pods exist and are ready, and none failed during the observation.
 * 5. Users reach canary, not probes alone. The warm-up is over, canary has answered enough requests, the status of its answers is known, and most of them were not refused with 4xx.
 * 6. The rate of 5xx, and of each pair that the user defined, is surely below the tolerance.
 * 7. The rate of 5xx of late is below it too.
 *
 * Latency has no limit of its own here: the checks of the plan have, and they go on.
 *
 * @param now in milliseconds since the epoch, on the clock of the ticks
 * @example judgeOwnRates(evidence, Date.now()).verdict // "undecided"
 */
export function judgeOwnRates(evidence: Evidence, now: number): OwnVerdict {
  const { settings, answers, last, unit } = evidence;
  const { conviction, guard } = convictByObjective(evidence, { ...nothing(), badTicks: 0 });
  if (conviction) return { verdict: "bad", reason: conviction.reason };
  const withheld =
    whyNoData(evidence, now, last?.canaryProblems ?? last?.problems ?? []) ??
    (guard && { guard: guard.name, reason: guard.reason }) ??
    whyNotHealthy(evidence, false) ??
    whyOnlyProbes(evidence) ??
    whyTooEarly(evidence) ??
    whyUnknown(evidence);
  if (withheld) return { verdict: "undecided", ...withheld };
  const refused = answers.canary.refused / answers.canary.requests;
  if (refused > settings.refusedAlone) {
    return {
      verdict: "undecided",
      reason: `canary answers 4xx in ${percent(refused)} of its requests, and there is nothing to compare that with`,
    };
  }
  const objective = objectiveOf(evidence)?.indicator;
  const rates = objective ? ratesOf(evidence) : [];
  const open = rates.filter(({ logBelow }) => logBelow < Math.log(1 / settings.beta));
  const tolerated = percent(settings.tolerance);
  if (objective === undefined || open.length > 0 || rates.length === 0) {
    const seen =
      open.length > 0 ? `canary ${phrase(open)} of its ${unit.noun}s` : `there are no data on its ${unit.noun}s`;
    return { verdict: "undecided", reason: `not decided yet: ${seen}, but good needs surely less than ${tolerated}` };
  }
  const { events, exposure } = evidence.health?.recentCanary ?? nothing();
  if (events > settings.tolerance * exposure) {
    return {
      verdict: "undecided",
      reason: `canary ${objective.symptom(objective.name)} in ${percent(events / exposure)} of its ${unit.noun}s of late, and good needs less than ${tolerated} now too`,
    };
  }
  return {
    verdict: "good",
    reason: `canary ${phrase(rates)} of its ${unit.noun}s, surely less than ${tolerated} with ${percent(1 - settings.beta)} confidence, ${seenIn(evidence)}`,
  };
}

interface OwnRate {
  readonly symptom: string;
  readonly rate: number;
  /** ln E that the rate is below the tolerance. */
  readonly logBelow: number;
}

/** The rates that count without a comparison. Their dispersion is unknown, as it is estimated from stable's pods. */
function ratesOf(evidence: Evidence): OwnRate[] {
  const { indicators, streams, tolerance } = evidence;
  return indicators
    .filter(({ countsAlone, ofRequests }) => countsAlone && ofRequests)
    .flatMap((indicator) =>
      [...(streams.get(indicator.name) ?? [])].map(
        ([
          name,
          {
            canary: { events, exposure },
          },
        ]) => ({
          symptom: indicator.symptom(name),
          rate: exposure > 0 ? events / exposure : 0,
          logBelow: tolerance.logBelow(events, exposure),
        }),
      ),
    );
}

function phrase(rates: readonly OwnRate[]): string {
  return rates.map(({ symptom, rate }) => `${symptom} in ${percent(rate)}`).join(" and ");
}
