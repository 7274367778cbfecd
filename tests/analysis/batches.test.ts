import assert from "node:assert/strict";
import fc from "fast-check";
import { addToBatches, burstFactor, noBatches } from "../../analysis/batches.ts";

/** Batches of these events of canary and of stable, tick by tick of 5 s, with 100 and 900 requests. */
function batchesOf(ticks: readonly (readonly [canary: number, stable: number])[]) {
  const batches = noBatches();
  for (const [canary, stable] of ticks) {
    addToBatches(batches, 5, { events: canary, exposure: 100 }, { events: stable, exposure: 900 });
  }
  return batches;
}
const repeated = (times: number, canary: number, stable = 0) =>
  Array.from({ length: times }, (): [number, number] => [canary, stable]);

describe("how much canary's events bunch in time", () => {
  it("is 1 without events, and before there are batches to compare", () => {
    assert.equal(burstFactor(noBatches()), 1);
    assert.equal(burstFactor(batchesOf(repeated(50, 0, 3))), 1);
    assert.equal(
      burstFactor(
        batchesOf([
          [30, 0],
          [0, 0],
        ]),
      ),
      1,
    );
  });

  it("is 1 for events at a steady rate, however high", () => {
    assert.equal(burstFactor(batchesOf(repeated(50, 1))), 1);
    assert.equal(burstFactor(batchesOf(repeated(50, 90))), 1);
  });

  it("is about the size of a burst, and of a longer one too", () => {
    const short = burstFactor(batchesOf([...repeated(20, 0), ...repeated(1, 30), ...repeated(10, 0)]));
    assert.ok(short > 25 && short < 32, String(short));
    const long = burstFactor(batchesOf([...repeated(20, 0), ...repeated(10, 3), ...repeated(2, 0)]));
    assert.ok(long > 10, String(long));
  });

  it("is small for an outage of both arms", () => {
    const outage = burstFactor(batchesOf([...repeated(20, 1, 9), ...repeated(4, 30, 270), ...repeated(8, 1, 9)]));
    assert.ok(outage < 1.5, String(outage));
  });

  it("says little where stable has the burst, and much where canary has it among stable's steady events", () => {
    assert.ok(burstFactor(batchesOf([...repeated(20, 1, 9), ...repeated(1, 1, 60), ...repeated(10, 1, 9)])) < 3);
    assert.ok(burstFactor(batchesOf([...repeated(20, 1, 9), ...repeated(1, 40, 9), ...repeated(10, 1, 9)])) > 20);
  });

  it("is 1 where no batch has requests of both arms", () => {
    const batches = noBatches();
    for (let tick = 0; tick < 3; tick++) {
      addToBatches(batches, 5, { events: 50, exposure: 100 }, { events: 0, exposure: 0 });
      addToBatches(batches, 5, { events: 0, exposure: 0 }, { events: 50, exposure: 900 });
    }
    assert.equal(burstFactor({ ...batches, counts: batches.counts.slice(0, 12) }), 1);
  });

  it("falls again while the events go on, so that a release that began to fail late is not excused for ever", () => {
    const late = (ticks: number) => {
      const batches = batchesOf([...repeated(48, 0), ...repeated(ticks, 1)]);
      return ticks / burstFactor(batches);
    };
    assert.ok(late(12) < 3 && late(72) > 6, `${late(12)} ${late(72)}`);
  });

  it("does not take a change over many minutes for a burst", () => {
    const slow = burstFactor(batchesOf([...repeated(64, 1), ...repeated(64, 3)]));
    assert.ok(slow < 12, String(slow));
  });

  it("has batches of twice the length whenever it is full", () => {
    assert.deepEqual(
      [32, 33, 64, 65].map((ticks) => batchesOf(repeated(ticks, 1)).seconds),
      [5, 10, 10, 20],
    );
  });

  it("has at most 32 batches, which lose no event", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 400 }), (ticks) => {
        const { counts } = batchesOf(ticks);
        assert.ok(counts.length <= 32 * 4);
        for (const arm of [0, 1] as const) {
          const held = counts.filter((_, at) => at % 4 === 2 * arm).reduce((sum, each) => sum + each, 0);
          assert.equal(
            held,
            ticks.reduce((sum, tick) => sum + tick[arm], 0),
          );
        }
      }),
    );
  });

  it("compares batches as long as a tick where ticks are longer", () => {
    const batches = noBatches();
    for (const events of [0, 0, 0, 0, 30, 30, 30, 30]) {
      addToBatches(batches, 60, { events, exposure: 100 }, { events: 0, exposure: 900 });
    }
    assert.equal(batches.seconds, 60);
    // Two batches as one are 120 s; four would be too long.
    assert.ok(Math.abs(burstFactor(batches) - 40) < 1e-9, String(burstFactor(batches)));
  });
});
