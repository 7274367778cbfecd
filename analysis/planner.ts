import type { Settings } from "./evidence.ts";
import { RateTest } from "./rate.ts";
import { RatioTest } from "./ratio.ts";

/** The traffic of a service, as it is now. */
export interface Traffic {
  /** To both tracks together. */
  readonly requestsPerSecond: number;
  /** Share of requests that stable answers 5xx; 0 is taken for the floor, for nothing can be a multiple of it. */
  readonly errors: number;
}

/** What to expect of a decision at one weight. */
export interface Forecast {
  /** Share of requests that reach canary, 0 to 1. */
  readonly share: number;
  /** Until a canary that answers 5xx so many times as often as stable is noticed, in half of the cases. */
  readonly notice: readonly { readonly ratio: number; readonly expected: Expected }[];
  /** Until a canary like stable is called good, in half of the cases, as far as 5xx decide that. */
  readonly clear: Expected;
}

/** How much a decision takes; Infinity where it never comes. */
export interface Expected {
  readonly canaryRequests: number;
  readonly seconds: number;
}

/** Regressions that a plan is asked about. */
const ratios = [1.5, 2, 5] as const;
/** Requests to canary beyond which a decision is as good as never. */
const never = 1e9;

/**
 * How long a decision will take, before there is any evidence: the point at which the mean path of the evidence reaches its
 * threshold.
 *
 * @param share share of requests that reach canary, more than 0 and less than 1
 * @param part of all evidence that 5xx have. @default 1/2, as in the product
 */
export function forecast(traffic: Traffic, share: number, settings: Settings, part = 1 / 2): Forecast {
  const test = new RatioTest(settings);
  const tolerance = new RateTest(settings.tolerance);
  const stablePerCanary = (1 - share) / share;
  const perSecond = traffic.requestsPerSecond * share;
  const expected = (canaryRequests: number, leastSeconds = 0): Expected => ({
    canaryRequests: Math.max(canaryRequests, leastSeconds * perSecond),
    seconds: Math.max(canaryRequests / perSecond, leastSeconds),
  });
  /** What one request to canary, and those to stable beside it, bring on average; n of them bring n times as much. */
  const perRequest = (errors: number, ratio: number) => {
    const known = test.nothing();
    test.add(known, errors * ratio, 1, errors * stablePerCanary, stablePerCanary);
    return known;
  };
  const errors = traffic.errors > 0 ? traffic.errors : settings.floor;
  const notice = ratios.map((ratio) => {
    const known = perRequest(errors, ratio);
    const enough = Math.log(1 / settings.alpha) - Math.log(part);
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

/** The smallest number of requests for which something holds that then goes on to hold. */
function smallest(holds: (requests: number) => boolean): number {
  if (!holds(never)) return Infinity;
  let [low, high] = [0, 1];
  while (!holds(high)) [low, high] = [high, high * 2];
  while (high - low > Math.max(1, high / 1000)) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
