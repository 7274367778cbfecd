/** A stream: one series of bad events, counted in both arms and compared between them. */
import { addToBatches, type Batches, burstFactor, noBatches } from "./batches.ts";
import { add, type Count, nothing } from "./count.ts";
import { addDispersion, type Dispersion, dispersionBetween, dispersionOf } from "./dispersion.ts";
import type { Increment } from "./increment.ts";
import { average } from "./logarithm.ts";
import type { LogLikelihood, RatioTest } from "./ratio.ts";
import { addSpells, compareSpells, forgetSpells, logWorseBySpells, noSpells, type Spells } from "./spells.ts";

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
  /** Totals of stable's pods, including pods that are gone, and the number of their spells where these are counted. */
  readonly stablePods: Record<string, Count & { spells?: number }>;
  /** How its events bunch; absent where each event is routed by itself, so that bunches are split between the arms too. */
  readonly bunching?: Bunching;
}

/** What tells the failures of a few clients, which stay with their pod or arm, from those of a release. */
export interface Bunching {
  readonly batches: Batches;
  readonly spells: Spells;
}

/** Maximum number of pods whose totals a stream stores. */
const podLimit = 200;
/**
 * Maximum number of pod totals that all streams together store. Evidence is stored in a ConfigMap of at most 1 MiB; one
 * total takes 110 to 140 bytes of it, and a stream without totals 1 300.
 */
const podTotals = 3700;

/**
 * A stream without counts.
 *
 * @param alphaShare its share of alpha, 0 to 1
 * @param bunches whether events of one client reach one pod or arm. @default false
 * @example newStream(new RatioTest(defaults), 1 / 2).badTicks // 0
 */
export function newStream(test: RatioTest, alphaShare: number, bunches = false): Stream {
  return {
    alphaShare,
    known: test.nothing(),
    waiting: { canary: nothing(), stable: nothing() },
    canary: nothing(),
    stable: nothing(),
    badTicks: 0,
    dispersion: { weighted: 0, events: 0, degrees: 0 },
    stablePods: {},
    ...(bunches && { bunching: { batches: noBatches(), spells: noSpells(test) } }),
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
 * @param seconds length of the tick
 * @param podsAtMost maximum number of pods whose totals the stream stores. @default 200
 * @example addToStream(stream, { canary: { events: 3, exposure: 100 }, stable: nothing(), stablePods: [] }, 5)
 */
export function addToStream(
  stream: Stream,
  { canary, stable, stablePods, targets }: Increment,
  seconds: number,
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
    let total = stream.stablePods[target];
    if (!total && remembered < podsAtMost) {
      total = { ...nothing(), ...(stream.bunching && { spells: 0 }) };
      stream.stablePods[target] = total;
      remembered++;
    }
    if (!total) continue;
    add(total, { events, exposure });
    if (total.spells !== undefined) total.spells += Math.min(1, events);
  }
  if (!stream.bunching) return;
  addToBatches(stream.bunching.batches, seconds, canary, stable);
  addSpells(stream.bunching.spells, targets ?? { canary: [canary], stable: [stable] }, seconds);
}

/** Compares the waiting counts, once both arms have exposure. @example compare(new RatioTest(defaults), stream) */
export function compare(test: RatioTest, stream: Stream): void {
  const { known, waiting, bunching } = stream;
  const { canary, stable } = waiting;
  if (!(canary.exposure > 0 && stable.exposure > 0)) return;
  test.add(known, canary.events, canary.exposure, stable.events, stable.exposure);
  if (bunching) compareSpells(test, bunching.spells);
  forgetWaiting(stream);
}

/**
 * Drops the waiting counts, because the arms were not read at the same time. The totals still include them.
 *
 * @example forgetWaiting(stream)
 */
export function forgetWaiting({ waiting, bunching }: Stream): void {
  waiting.canary = nothing();
  waiting.stable = nothing();
  if (bunching) forgetSpells(bunching.spells);
}

/**
 * The dispersion factor of a stream: the number of events that count as one.
 *
 * @example dispersion(newStream(new RatioTest(defaults), 1 / 2)) // 1
 */
export function dispersion(stream: Stream): number {
  const betweenPods = dispersionBetweenPods(stream);
  return stream.bunching ? Math.max(betweenPods, burstFactor(stream.bunching.batches)) : betweenPods;
}

function dispersionBetweenPods(stream: Stream): number {
  return dispersionOf(stream.dispersion, Object.values(stream.stablePods));
}

/**
 * ln E that canary is worse than stable in this stream, discounted by its dispersion. Where events bunch, it is the average of the e-values
 * of all events and of the spells: many failures of few clients give evidence by neither, a few failures of many clients by the spells.
 *
 * @param atOnce whether the failures are too many to be those of a few clients, so that their bunching does not count. @default false
 * @example logWorse(test, stream) >= Math.log(100) // whether the odds are 100 to 1 that canary is worse
 */
export function logWorse(test: RatioTest, stream: Stream, atOnce = false): number {
  const { known, bunching } = stream;
  const betweenPods = dispersionBetweenPods(stream);
  const byEvents = test.logWorse(known, betweenPods);
  if (!bunching) return byEvents;
  const { spells, batches } = bunching;
  const withoutDiscount = both(byEvents, test.logWorse(spells.known));
  // Without evidence there is nothing to discount.
  if (withoutDiscount <= 0) return withoutDiscount;
  const totals = Object.values(stream.stablePods);
  const ofSpells = dispersionBetween(totals.map(({ spells = 0, exposure }) => ({ events: spells, exposure })));
  if (atOnce) return both(byEvents, logWorseBySpells(test, spells, ofSpells, false));
  return both(
    test.logWorse(known, Math.max(betweenPods, burstFactor(batches))),
    logWorseBySpells(test, spells, ofSpells, true),
  );
}

const both = (byEvents: number, bySpells: number) =>
  average([
    [1 / 2, byEvents],
    [1 / 2, bySpells],
  ]);

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
