import { addDispersion, type Dispersion, dispersionOf } from "./dispersion.ts";
import type { LogLikelihood, RatioTest } from "./ratio.ts";

/** Events and the exposure that they came from: bad answers of requests, restarts of pod-seconds. */
export interface Count {
  events: number;
  exposure: number;
}

/** What one unit, a pod or a backend, brought to a stream in one tick. */
export interface UnitCount extends Count {
  readonly unit: string;
}

/** The counts of both arms of one stream in one tick. */
export interface Increment {
  readonly canary: Count;
  readonly stable: Count;
  /** Stable's counts pod by pod, for the guards; empty where units are no pods. */
  readonly stablePods: readonly UnitCount[];
}

/** One stream: a kind of bad event, counted in both arms from the start of the observation. */
export interface Stream {
  readonly known: LogLikelihood;
  readonly canary: Count;
  readonly stable: Count;
  /** Ticks in which canary had events. */
  badTicks: number;
  readonly dispersion: Dispersion;
  /** Totals of stable's pods that were there in the last tick. */
  stablePods: Record<string, Count>;
}

export function newStream(test: RatioTest): Stream {
  return {
    known: test.nothing(),
    canary: { events: 0, exposure: 0 },
    stable: { events: 0, exposure: 0 },
    badTicks: 0,
    dispersion: { weighted: 0, events: 0, degrees: 0 },
    stablePods: {},
  };
}

export function addToStream(test: RatioTest, stream: Stream, { canary, stable, stablePods }: Increment): void {
  test.add(stream.known, canary.events, canary.exposure, stable.events, stable.exposure);
  add(stream.canary, canary);
  add(stream.stable, stable);
  if (canary.events > 0) stream.badTicks++;
  addDispersion(stream.dispersion, stablePods);
  const before = stream.stablePods;
  stream.stablePods = {};
  for (const { unit, events, exposure } of stablePods) {
    const total = before[unit] ?? { events: 0, exposure: 0 };
    add(total, { events, exposure });
    stream.stablePods[unit] = total;
  }
}

function add(total: Count, more: Count): void {
  total.events += more.events;
  total.exposure += more.exposure;
}

/** How many events come together as one. */
export function dispersion(stream: Stream): number {
  return dispersionOf(stream.dispersion, Object.values(stream.stablePods));
}

/** ln E that canary is worse than stable in this stream, with bunches counted as one. */
export function logWorse(test: RatioTest, stream: Stream): number {
  return test.logWorse(stream.known, dispersion(stream));
}

/**
 * ln E that one pod of stable is worse than the others, from its totals: the yardstick of the placebo guard. Everything in
 * one step, which supposes that the pods' shares of traffic did not change much.
 */
export function logPodWorse(test: RatioTest, stream: Stream, unit: string): number {
  const pod = stream.stablePods[unit];
  if (!pod) return 0;
  const others = Object.entries(stream.stablePods).filter(([name]) => name !== unit);
  const events = others.reduce((sum, [, count]) => sum + count.events, 0);
  const exposure = others.reduce((sum, [, count]) => sum + count.exposure, 0);
  const known = test.nothing();
  test.add(known, pod.events, pod.exposure, events, exposure);
  return test.logWorse(known, dispersionOf(stream.dispersion, []));
}
