/** Forecasts how many requests and seconds a verdict needs at a given weight. */
import type { Settings } from "./question.ts";
import { RateTest } from "./rate.ts";
import { RatioTest } from "./ratio.ts";

/** The current traffic of a service. @example const traffic: Traffic = { requestsPerSecond: 50, errors: 0.001 }; */
export interface Traffic {
  /** Requests per second to both tracks together. */
  readonly requestsPerSecond: number;
  /** Share of requests that stable answers with 5xx, 0 to 1. Regressions from 0 are computed from the floor instead. */
  readonly errors: number;
}

/**
 * The forecast for one weight.
 *
 * @example const { notice, clear }: Forecast = forecast({ requestsPerSecond: 50, errors: 0.001 }, 0.1, defaults);
 */
export interface Forecast {
  /** Share of requests that reach canary, 0 to 1. */
  readonly share: number;
  /** Median effort until a canary that answers 5xx `ratio` times as often as stable is called bad. */
  readonly notice: readonly { readonly ratio: number; readonly expected: Expected }[];
  /** Median effort until a canary equal to stable is called good, considering 5xx only. */
  readonly clear: Expected;
}

/**
 * The requests and seconds that a verdict needs; Infinity where it is never reached.
 *
 * @example const { seconds }: Expected = forecast({ requestsPerSecond: 50, errors: 0.001 }, 0.1, defaults).clear;
 */
export interface Expected {
  readonly canaryRequests: number;
  readonly seconds: number;
}

/** Regressions that a forecast covers, as ratios of the 5xx rates, canary to stable. */
const ratios = [1.5, 2, 5] as const;
/** Requests to canary beyond which a verdict counts as never reached. */
const maxRequests = 1e9;

/**
 * Forecasts the effort of a verdict before there is any evidence: the point at which the mean path of the evidence reaches
 * its threshold.
 *
 * @param share share of requests that reach canary, more than 0 and less than 1
 * @param alphaShare share of alpha that 5xx have, more than 0 and up to 1. @default 1/2, as in `indicatorsOf`
 *
 * @example
 * const { clear } = forecast({ requestsPerSecond: 50, errors: 0.001 }, 0.1, defaults);
 * Math.round(clear.canaryRequests); // 1881
 */
export function forecast(traffic: Traffic, share: number, settings: Settings, alphaShare = 1 / 2): Forecast {
  const test = new RatioTest(settings);
  const tolerance = new RateTest(settings.tolerance);
  const stablePerCanary = (1 - share) / share;
  const perSecond = traffic.requestsPerSecond * share;
  const expected = (canaryRequests: number, leastSeconds = 0): Expected => ({
    canaryRequests: Math.max(canaryRequests, leastSeconds * perSecond),
    seconds: Math.max(canaryRequests / perSecond, leastSeconds),
  });
  /** Mean log-likelihood of one request to canary and the matching requests to stable; it scales with their number. */
  const perRequest = (errors: number, ratio: number) => {
    const known = test.nothing();
    test.add(known, errors * ratio, 1, errors * stablePerCanary, stablePerCanary);
    return known;
  };
  const errors = traffic.errors > 0 ? traffic.errors : settings.floor;
  const notice = ratios.map((ratio) => {
    const known = perRequest(errors, ratio);
    const enough = Math.log(1 / settings.alpha) - Math.log(alphaShare);
    const reached = smallest((requests) => test.logWorse(known, 1 / requests) >= enough);
    return { ratio, expected: errors * ratio < settings.floor ? expected(Infinity) : expected(reached) };
  });
  const known = perRequest(traffic.errors, 1);
  const enough = Math.log(1 / settings.beta) + Math.log(2);
  const cleared = smallest(
    (requests) =>
      Math.max(test.logFine(known, 1 / requests), tolerance.logBelow(requests * traffic.errors, requests)) >= enough,
  );
  return { share, notice, clear: expected(Math.max(cleared, settings.leastRequests), settings.warmUpSeconds) };
}

/** The smallest number of requests for which `holds` is true, to 0.1 %. `holds` must stay true for larger numbers. */
function smallest(holds: (requests: number) => boolean): number {
  if (!holds(maxRequests)) return Infinity;
  let [low, high] = [0, 1];
  while (!holds(high)) [low, high] = [high, high * 2];
  while (high - low > Math.max(1, high / 1000)) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
