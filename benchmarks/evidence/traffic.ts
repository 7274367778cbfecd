import type { TargetTick, Tick } from "../../analysis/tick.ts";
import type { Chance } from "./chance.ts";

/** Traffic to simulate: 200 requests a second, 10 % of them to one canary pod, the rest to nine of stable. */
export interface Traffic {
  /** Share of stable's requests that are answered 5xx. */
  readonly errors: number;
  /** How many times as often canary does. @default 1 */
  readonly ratio?: number;
  /** Share of canary's requests that are answered 5xx, whatever stable does. @default errors x ratio */
  readonly canaryErrors?: number;
  /** Drift of half the rate up and down within the hour, and one minute of three times as many errors, on both. @default false */
  readonly trouble?: boolean;
  /** Errors that come together, on average: one client that retries. @default 1 */
  readonly bunch?: number;
  /** Standard deviation of the logarithm of the pods' error rates: no two pods are alike. @default 0 */
  readonly unequal?: number;
}

export const requestsPerSecond = 200;
export const canaryShare = 0.1;
export const seconds = 3600;

const stablePods = 9;
/** fop-gate's histogram, in seconds. */
const edges = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Share of answers in each bucket: log-normal around 80 ms, as in reference/statistics.md. */
const buckets = massBetween(edges, 0.08, 0.6);
/** Share of answers that are 4xx. */
const clientErrors = 0.02;

/** The product's ticks: one second in the first minute, then five. */
export function* tickEnds(): Generator<number> {
  for (let at = 1; at <= 60; at++) yield at;
  for (let at = 65; at <= seconds; at += 5) yield at;
}

/** An hour of traffic, tick by tick. @param full with 4xx and latency, or TPS alone */
export function* hourOf(traffic: Traffic, chance: Chance, full: boolean): Generator<Tick> {
  const names = ["canary", ...Array.from({ length: stablePods }, (_, at) => `stable-${at + 1}`)];
  const pods = names.map((target) => ({
    target,
    release: target === "canary" ? "B" : "A",
    perSecond: requestsPerSecond * (target === "canary" ? canaryShare : (1 - canaryShare) / stablePods),
    luck: Math.exp((traffic.unequal ?? 0) * chance.normal()),
  }));
  const badMinute = Math.floor(chance.uniform() * (seconds - 60));
  let before = 0;
  for (const at of tickEnds()) {
    const length = at - before;
    const shared = traffic.trouble
      ? (1 + 0.5 * Math.sin((2 * Math.PI * at) / seconds)) * (at > badMinute && at <= badMinute + 60 ? 3 : 1)
      : 1;
    const targets = pods.map(({ target, release, perSecond, luck }): TargetTick => {
      const own = release === "A" ? traffic.errors : (traffic.canaryErrors ?? traffic.errors * (traffic.ratio ?? 1));
      const requests = chance.poisson(perSecond * length);
      const errors = bunches(chance, requests, own * shared * luck, traffic.bunch ?? 1);
      const refused = full ? chance.some(requests - errors, clientErrors) : 0;
      return {
        target,
        release,
        pod: true,
        requests: { "200": requests - errors - refused, "404": refused, "500": errors },
        ...(full && { latency: latencyOf(chance, perSecond * length) }),
        pairs: {},
      };
    });
    const states = pods.map(({ target, release }) => ({
      pod: target,
      release,
      track: release === "B" ? "canary" : "stable",
      ready: true,
      restarts: 0,
      lostReadiness: false,
      vanished: false,
    }));
    yield { at: at * 1000, seconds: length, targets, pods: states, problems: [] };
    before = at;
  }
}

function bunches(chance: Chance, requests: number, rate: number, mean: number): number {
  if (mean === 1) return chance.some(requests, rate);
  let errors = 0;
  for (let left = chance.some(requests, rate / mean); left > 0; left--) errors += chance.geometric(mean);
  return Math.min(errors, requests);
}

function latencyOf(chance: Chance, requests: number): NonNullable<TargetTick["latency"]> {
  const counts = buckets.map((mass) => chance.poisson(requests * mass));
  const total = counts.reduce((sum, each) => sum + each, 0);
  let slower = total;
  return {
    total,
    slower: edges.map((edge, at) => {
      slower -= counts[at] ?? 0;
      return [edge, slower] as const;
    }),
  };
}

/** Share of a log-normal between the edges, below the first and above the last. */
function massBetween(points: readonly number[], median: number, sigma: number): number[] {
  const below = points.map((point) => normalBelow(Math.log(point / median) / sigma));
  return [...below, 1].map((share, at) => share - (below[at - 1] ?? 0));
}

/** The standard normal distribution function (Abramowitz and Stegun 26.2.17, to 7.5e-8). */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    (t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))));
  return z > 0 ? 1 - tail : tail;
}
