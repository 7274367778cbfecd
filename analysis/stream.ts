import { addDispersion, type Dispersion, dispersionOf } from "./dispersion.ts";
import type { LogLikelihood, RatioTest } from "./ratio.ts";

/** Events and the exposure that they came from: bad answers of requests, restarts of pod-seconds. */
export interface Count {
  events: number;
  exposure: number;
}

/** What one unit, a pod or a backend, brought to a stream in one tick. */
export interface TargetCount extends Count {
  readonly target: string;
}

/** The counts of both arms of one stream in one tick. */
export interface Increment {
  readonly canary: Count;
  readonly stable: Count;
  /** Stable's counts pod by pod, for the guards; empty where units are no pods. */
  readonly stablePods: readonly TargetCount[];
}

/** One stream: a kind of bad event, counted in both arms from the start of the observation. */
export interface Stream {
  /**
   * Its part of the evidence of all streams. Given when it begins and never changed: an average whose weights move is no
   * e-process. 0 for one that came later than the others of its kind; good still needs it.
   */
  readonly alphaShare: number;
  readonly known: LogLikelihood;
  /** Counts of both arms that wait for each other: only what happened at the same time is compared. */
  readonly waiting: { canary: Count; stable: Count };
  readonly canary: Count;
  readonly stable: Count;
  /** Ticks in which canary had events. */
  badTicks: number;
  readonly dispersion: Dispersion;
  /** Totals of stable's pods, those that are gone too: what they taught stays true. */
  readonly stablePods: Record<string, Count>;
}

/** Pods whose totals a stream remembers, at most. */
const podLimit = 200;
/**
 * Totals of pods that all streams together remember. One takes 110 to 140 bytes where evidence is kept, in a ConfigMap of
 * 1 MiB, and a stream by itself 1 300.
 */
const podTotals = 4000;

export function newStream(test: RatioTest, alphaShare: number): Stream {
  return {
    alphaShare,
    known: test.nothing(),
    waiting: { canary: nothing(), stable: nothing() },
    canary: nothing(),
    stable: nothing(),
    badTicks: 0,
    dispersion: { weighted: 0, events: 0, degrees: 0 },
    stablePods: {},
  };
}

export function nothing(): Count {
  return { events: 0, exposure: 0 };
}

/**
 * How many pods each stream may remember: all streams as many, while there is room.
 *
 * @returns what is asked once for each stream, before something is added to it
 */
export function podRoom(streams: readonly Stream[]): (stream: Stream) => number {
  const known = ({ stablePods }: Stream) => Object.keys(stablePods).length;
  const share = Math.min(podLimit, Math.floor(podTotals / streams.length));
  let left = podTotals - streams.reduce((sum, stream) => sum + known(stream), 0);
  return (stream) => {
    const more = Math.max(0, Math.min(share - known(stream), left));
    left -= more;
    return known(stream) + more;
  };
}

/**
 * Adds what happened in a tick; the comparison waits for `compare`.
 *
 * @param podsAtMost pods whose totals it remembers. @default 200
 */
export function addToStream(
  stream: Stream,
  { canary, stable, stablePods }: Increment,
  podsAtMost: number = podLimit,
): void {
  for (const [arm, count] of [
    ["canary", canary],
    ["stable", stable],
  ] as const) {
    add(stream[arm], count);
    add(stream.waiting[arm], count);
  }
  if (canary.events > 0) stream.badTicks++;
  addDispersion(stream.dispersion, stablePods);
  let remembered = Object.keys(stream.stablePods).length;
  for (const { target, events, exposure } of stablePods) {
    const total = stream.stablePods[target];
    if (total) add(total, { events, exposure });
    else if (remembered < podsAtMost) {
      stream.stablePods[target] = { events, exposure };
      remembered++;
    }
  }
}

/** Compares what waits, once both arms have been exposed. */
export function compare(test: RatioTest, { known, waiting }: Stream): void {
  const { canary, stable } = waiting;
  if (!(canary.exposure > 0 && stable.exposure > 0)) return;
  test.add(known, canary.events, canary.exposure, stable.events, stable.exposure);
  forgetWaiting({ waiting });
}

/** Gives up what waits: the arms were not seen at the same time. The totals keep it. */
export function forgetWaiting({ waiting }: Pick<Stream, "waiting">): void {
  waiting.canary = nothing();
  waiting.stable = nothing();
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
export function logPodWorse(test: RatioTest, stream: Stream, target: string): number {
  const pod = stream.stablePods[target];
  if (!pod) return 0;
  const others = Object.entries(stream.stablePods).filter(([name]) => name !== target);
  const events = others.reduce((sum, [, count]) => sum + count.events, 0);
  const exposure = others.reduce((sum, [, count]) => sum + count.exposure, 0);
  const known = test.nothing();
  test.add(known, pod.events, pod.exposure, events, exposure);
  return test.logWorse(known, dispersionOf(stream.dispersion, []));
}
