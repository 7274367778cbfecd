/** Counts of both arms batch by batch, to tell failures that come in bursts, as those of a few clients, from a steady rate. */
import type { Count } from "./count.ts";

/**
 * Consecutive counts of a stream. There are at most 32 batches: when they are full, each two become one, so that the length of
 * a batch grows with the observation.
 *
 * @example addToBatches(noBatches(), 5, { events: 1, exposure: 20 }, { events: 2, exposure: 180 });
 */
export interface Batches {
  /** Length of a batch, in seconds. */
  seconds: number;
  /** Seconds that the last batch has so far. */
  open: number;
  /** Events and exposure of canary, and events and exposure of stable, batch after batch. */
  counts: number[];
}

const numbersPerBatch = 4;
const batchesAtMost = 32;
const firstSeconds = 5;

/** The state before the first tick. @example noBatches().counts // [] */
export function noBatches(): Batches {
  return { seconds: firstSeconds, open: 0, counts: [] };
}

/**
 * Adds the counts of a tick.
 *
 * @param seconds length of the tick
 * @example addToBatches(batches, 5, { events: 1, exposure: 20 }, { events: 2, exposure: 180 })
 */
export function addToBatches(batches: Batches, seconds: number, canary: Count, stable: Count): void {
  const { counts } = batches;
  if (counts.length === 0 || batches.open >= batches.seconds) {
    if (counts.length === batchesAtMost * numbersPerBatch) {
      batches.counts = joined(counts, 2);
      batches.seconds *= 2;
    }
    batches.counts.push(0, 0, 0, 0);
    batches.seconds = Math.max(batches.seconds, seconds);
    batches.open = 0;
  }
  batches.open += seconds;
  const all = batches.counts;
  const last = all.length - numbersPerBatch;
  all[last] = (all[last] as number) + canary.events;
  all[last + 1] = (all[last + 1] as number) + canary.exposure;
  all[last + 2] = (all[last + 2] as number) + stable.events;
  all[last + 3] = (all[last + 3] as number) + stable.exposure;
}

/**
 * Seconds of the longest batches that are compared. Longer bursts are found by longer batches, but a release that begins to fail
 * late is then called bad that much later: after about twice this time.
 */
const longestSeconds = 120;
/** Fewest batches whose differences say something. */
const fewestBatches = 3;

/**
 * By how much canary's events bunch in time: the number of events that count as one, 1 or more.
 *
 * A release that fails more often does so all the time; the events of a few clients come in bursts. So canary's events in each batch
 * are compared with those expected at its own rate over all batches: Pearson's χ²/df, which tends to E[N²]/E[N] for bursts of N
 * events. The rate that is expected follows stable's, so that an outage of both arms is no burst of canary. This is computed for batches
 * of several lengths, and the largest counts, without subtracting its error: nothing but caution is lost by it. Batch means are a usual
 * estimate of the variance of correlated events (Alexopoulos and Seila, Output Data Analysis, 1998).
 *
 * @example burstFactor(noBatches()) // 1
 */
export function burstFactor({ counts, seconds }: Batches): number {
  const batches = counts.length / numbersPerBatch;
  let factor = 1;
  for (let of = 1; batches >= fewestBatches * of && (of === 1 || of * seconds <= longestSeconds); of *= 2) {
    factor = Math.max(factor, chiSquarePerDegree(of === 1 ? counts : joined(counts, of)));
  }
  return factor;
}

/** Each `of` batches as one. */
function joined(counts: readonly number[], of: number): number[] {
  const result: number[] = [];
  for (let at = 0; at < counts.length; at++) {
    const batch = Math.floor(at / numbersPerBatch / of) * numbersPerBatch + (at % numbersPerBatch);
    result[batch] = (result[batch] ?? 0) + (counts[at] as number);
  }
  return result;
}

/** Events of stable, at its rate over all batches, that are added to those of each batch: a few events say little of its rate. */
const priorEvents = 2;

function chiSquarePerDegree(counts: readonly number[]): number {
  let [batches, events, stableEvents, stableExposure] = [0, 0, 0, 0];
  const each = (use: (x: number, canary: number, y: number, stable: number) => void) => {
    for (let at = 0; at < counts.length; at += numbersPerBatch) {
      const [x = 0, canary = 0, y = 0, stable = 0] = [counts[at], counts[at + 1], counts[at + 2], counts[at + 3]];
      if (canary > 0 && stable > 0) use(x, canary, y, stable);
    }
  };
  each((x, _canary, y, stable) => {
    batches++;
    events += x;
    stableEvents += y;
    stableExposure += stable;
  });
  if (batches < fewestBatches || events === 0) return 1;
  const rate = stableEvents / stableExposure;
  const weightOf = (canary: number, y: number, stable: number) =>
    (canary * (y + priorEvents)) / (rate * stable + priorEvents);
  let weights = 0;
  each((_x, canary, y, stable) => {
    weights += weightOf(canary, y, stable);
  });
  let chiSquare = 0;
  each((x, canary, y, stable) => {
    const expected = (events * weightOf(canary, y, stable)) / weights;
    chiSquare += (x - expected) ** 2 / expected;
  });
  return chiSquare / (batches - 1);
}
