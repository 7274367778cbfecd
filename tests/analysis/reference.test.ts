import assert from "node:assert/strict";
import { RatioTest } from "../../analysis/ratio.ts";
import { Chance } from "../../benchmarks/evidence/chance.ts";

/**
 * The table of reference/statistics/unified.mjs: an hour of 200 requests a second in ticks of 15 s, with weights that go from 1 to
 * 50 % in one test, alpha and beta 0.05, against a ratio of at most 1 and of at least 2. Medians in minutes.
 */
const table = [
  { errors: 0.001, ratio: 1, cleared: 27 },
  { errors: 0.001, ratio: 2, caught: 26.75 },
  { errors: 0.001, ratio: 5, caught: 6.25 },
  { errors: 0.005, ratio: 1, cleared: 11.75 },
  { errors: 0.005, ratio: 2, caught: 11.5 },
] as const;

const weights = [0.01, 0.05, 0.1, 0.25, 0.5];
const hours = 60;
const enough = Math.log(20);
const test = new RatioTest({ margin: 1, limit: 2 });

/** The minutes until it was called bad and good, and whether the interval ever excluded the true ratio. */
function hour(chance: Chance, errors: number, ratio: number) {
  const known = test.nothing();
  let [caught, cleared, missed] = [Infinity, Infinity, false];
  for (let tick = 0; tick < 240; tick++) {
    const weight = weights[Math.floor(tick / 48)] ?? 0;
    // The average number of requests, so that only the errors are random.
    const [canary, stable] = [3000 * weight, 3000 * (1 - weight)];
    const rate = errors * (1 + 0.5 * Math.sin(tick / 20));
    test.add(known, chance.poisson(canary * rate * ratio), canary, chance.poisson(stable * rate), stable);
    const minutes = (tick + 1) / 4;
    if (test.logWorse(known) >= enough) caught = Math.min(caught, minutes);
    if (test.logFine(known) >= enough) cleared = Math.min(cleared, minutes);
    const [lower, upper] = test.interval(known, 0.05);
    missed ||= ratio < lower || ratio > upper;
  }
  return { caught, cleared, missed };
}

const middle = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
const share = (all: readonly boolean[]) => all.filter(Boolean).length / all.length;

describe("the evidence on simulated traffic, compared with the reference's table", () => {
  for (const { errors, ratio, ...expected } of table) {
    it(`agrees at ${100 * errors} % errors and a ratio of ${ratio}`, () => {
      const ends = Array.from({ length: hours }, (_, run) => hour(new Chance(1 + run), errors, ratio));
      // Four standard errors of a share of 5 % in this many hours are 11 points. The weights of the mixture differ slightly
      // from the reference's, which may make it sooner.
      if (ratio === 1) assert.ok(share(ends.map(({ caught }) => caught < Infinity)) <= 0.16);
      else assert.equal(share(ends.map(({ caught }) => caught < Infinity)), 1);
      if (ratio > 1) assert.ok(share(ends.map(({ cleared }) => cleared < Infinity)) <= 0.16);
      assert.ok(share(ends.map(({ missed }) => missed)) <= 0.16);
      for (const [what, minutes] of Object.entries(expected)) {
        const found = middle(ends.map((end) => end[what as "caught" | "cleared"]));
        assert.ok(minutes / 2 <= found && found <= 1.25 * minutes, `${what} after ${found} min, not ${minutes}`);
      }
    });
  }
});
