/** A stream: one series of bad events, counted in both arms and compared between them. */
import { add, type Count, nothing } from "./count.ts";
import { addDispersion, type Dispersion, dispersionOf } from "./dispersion.ts";
import type { Increment } from "./increment.ts";
import type { LogLikelihood, RatioTest } from "./ratio.ts";

/** One kind of bad event, counted in both arms since the start of the observation. */
export interface Stream {
  /**
   * Its share of alpha. It is set at the start of the stream and never changes: an average with changing weights is not an
   * e-process. A stream that starts later than the others of its indicator gets 0, and a good verdict still needs it.
   */
  readonly alphaShare: number;
  /** Log-likelihood of the ratio of the rates, from all comparisons so far. */
  readonly known: LogLikelihood;
  /** Counts that are not compared yet: only counts from the same time are compared. */
  readonly waiting: { canary: Count; stable: Count };
  readonly canary: Count;
  readonly stable: Count;
  /** Number of ticks in which canary had events. */
  badTicks: number;
  readonly dispersion: Dispersion;
  /** Totals of stable's pods, including pods that are gone. */
  readonly stablePods: Record<string, Count>;
}

/** Maximum number of pods whose totals a stream stores. */
const podLimit = 200;
/**
 * Maximum number of pod totals that all streams together store. Evidence is stored in a ConfigMap of at most 1 MiB; one
 * total takes 110 to 140 bytes of it, and a stream without totals 1 300.
 */
const podTotals = 4000;

/**
 * A stream without counts.
 *
 * @param alphaShare its share of alpha, 0 to 1
 * @example newStream(new RatioTest(defaults), 1 / 2).badTicks // 0
 */
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

/**
 * Divides the storage for pod totals evenly among the streams.
 *
 * @returns a function that gives the maximum number of pods of a stream; call it once for each stream, before adding to it
 * @example
 * ```ts
 * const room = podRoom(streams);
 * for (const stream of streams) addToStream(stream, increment, room(stream));
 * ```
 */
export function podRoom(streams: readonly Stream[]): (stream: Stream) => number {
  const known = ({ stablePods }: Stream) => Object.keys(stablePods).length;
  const share = Math.min(podLimit, Math.floor(podTotals / streams.length));
  let free = podTotals - streams.reduce((sum, stream) => sum + known(stream), 0);
  return (stream) => {
    const more = Math.max(0, Math.min(share - known(stream), free));
    free -= more;
    return known(stream) + more;
  };
}

/**
 * Adds the counts of a tick. `compare` compares them later.
 *
 * @param podsAtMost maximum number of pods whose totals the stream stores. @default 200
 * @example addToStream(stream, { canary: { events: 3, exposure: 100 }, stable: nothing(), stablePods: [] })
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

/** Compares the waiting counts, once both arms have exposure. @example compare(new RatioTest(defaults), stream) */
export function compare(test: RatioTest, { known, waiting }: Stream): void {
  const { canary, stable } = waiting;
  if (!(canary.exposure > 0 && stable.exposure > 0)) return;
  test.add(known, canary.events, canary.exposure, stable.events, stable.exposure);
  forgetWaiting({ waiting });
}

/**
 * Drops the waiting counts, because the arms were not read at the same time. The totals still include them.
 *
 * @example forgetWaiting(stream)
 */
export function forgetWaiting({ waiting }: Pick<Stream, "waiting">): void {
  waiting.canary = nothing();
  waiting.stable = nothing();
}

/**
 * The dispersion factor of a stream: the number of events that count as one.
 *
 * @example dispersion(newStream(new RatioTest(defaults), 1 / 2)) // 1
 */
export function dispersion(stream: Stream): number {
  return dispersionOf(stream.dispersion, Object.values(stream.stablePods));
}

/**
 * ln E that canary is worse than stable in this stream, discounted by its dispersion.
 *
 * @example logWorse(test, stream) >= Math.log(100) // whether the odds are 100 to 1 that canary is worse
 */
export function logWorse(test: RatioTest, stream: Stream): number {
  return test.logWorse(stream.known, dispersion(stream));
}

/**
 * ln E that one stable pod is worse than the other stable pods: the baseline of the placebo guard. It compares totals in one
 * step, which assumes that the pods' shares of traffic were roughly constant.
 *
 * @example logPodWorse(test, stream, "web-7")
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
