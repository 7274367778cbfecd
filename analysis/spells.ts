/** Failing spells: ticks in which a pod had bad events, however many, so that the many failures of one client count once. */
import { addToBatches, type Batches, burstFactor, noBatches } from "./batches.ts";
import { add, type Count, nothing } from "./count.ts";
import type { LogLikelihood, RatioTest } from "./ratio.ts";

/**
 * What is known of the failing spells of both arms.
 *
 * @example const share = ({ events, exposure }: Spells) => events / exposure;
 */
export interface Spells {
  /** Log-likelihood of the ratio of the rates at which spells begin. */
  readonly known: LogLikelihood;
  readonly batches: Batches;
  /** Spells that are not compared yet, and the seconds in which they began. */
  waiting: { readonly canary: Count; readonly stable: Count; seconds: number };
  /** Spells of both arms so far. */
  events: number;
  /** Exposure of both arms so far, reduced to what can begin a spell. */
  exposure: number;
}

/** The state before the first tick. @example noSpells(test).events // 0 */
export function noSpells(test: RatioTest): Spells {
  return {
    known: test.nothing(),
    batches: noBatches(),
    waiting: noneWaiting(),
    events: 0,
    exposure: 0,
  };
}

const noneWaiting = () => ({ canary: nothing(), stable: nothing(), seconds: 0 });

/** Events and exposure that stand for what is expected before any was seen, so that the first spells are not discounted. */
const prior = { events: 0.5, exposure: 100 };

/**
 * Adds the counts of a tick, target by target. `compareSpells` compares them later.
 *
 * A pod with many requests has a spell in nearly every tick, whatever its rate. At the rate so far, `λ`, a pod with `R` requests has
 * one with probability `1 - exp(-λR)`; so `(1 - exp(-λR)) / λ` is its exposure, and pods of unequal load can be compared.
 *
 * @param seconds length of the tick
 * @example addSpells(spells, { canary: [{ events: 7, exposure: 20 }], stable: [{ events: 0, exposure: 180 }] }, 5)
 */
export function addSpells(
  spells: Spells,
  targets: { readonly canary: readonly Count[]; readonly stable: readonly Count[] },
  seconds: number,
): void {
  const rate = (spells.events + prior.events) / (spells.exposure + prior.exposure);
  for (const arm of ["canary", "stable"] as const) {
    for (const { events, exposure } of targets[arm]) {
      const spell = { events: Math.min(1, events), exposure: (1 - Math.exp(-rate * exposure)) / rate };
      add(spells.waiting[arm], spell);
      spells.events += spell.events;
      spells.exposure += spell.exposure;
    }
  }
  spells.waiting.seconds += seconds;
}

/** Compares the waiting spells. @example compareSpells(test, spells) */
export function compareSpells(test: RatioTest, spells: Spells): void {
  const { known, batches, waiting } = spells;
  const { canary, stable, seconds } = waiting;
  test.add(known, canary.events, canary.exposure, stable.events, stable.exposure);
  addToBatches(batches, seconds, canary, stable);
  forgetSpells(spells);
}

/** Drops the waiting spells, because the arms cannot be compared. @example forgetSpells(spells) */
export function forgetSpells(spells: Spells): void {
  spells.waiting = noneWaiting();
}

/**
 * ln E that spells begin more often on canary, discounted by their dispersion.
 *
 * @param dispersion number of spells that count as one, beside their bunching in time
 * @param discounted whether it is discounted by their bunching in time too
 * @example logWorseBySpells(test, spells, 1, true)
 */
export function logWorseBySpells(
  test: RatioTest,
  { known, batches }: Spells,
  dispersion: number,
  discounted: boolean,
): number {
  return test.logWorse(known, discounted ? Math.max(dispersion, burstFactor(batches)) : dispersion);
}
