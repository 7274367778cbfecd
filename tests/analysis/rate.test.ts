import assert from "node:assert/strict";
import fc from "fast-check";
import { RateTest } from "../../analysis/rate.ts";

const tolerance = 0.005;
const test = new RateTest(tolerance);

/** The mean of E over every number of bad requests of `total`, at a true rate. */
function meanEvidence(rate: number, total: number, log: (bad: number) => number): number {
  let chance = (1 - rate) ** total;
  let mean = 0;
  for (let bad = 0; bad <= total; bad++) {
    mean += chance * Math.exp(log(bad));
    chance *= ((total - bad) / (bad + 1)) * (rate / (1 - rate));
  }
  return mean;
}

describe("the evidence on a single rate", () => {
  it("is a martingale at the tested rate, on both sides", () => {
    for (const total of [1, 10, 60]) {
      assert.ok(Math.abs(meanEvidence(tolerance, total, (bad) => test.logBelow(bad, total)) - 1) < 1e-9);
      assert.ok(Math.abs(meanEvidence(tolerance, total, (bad) => test.logAbove(bad, total)) - 1) < 1e-9);
    }
  });

  it("does not grow on average if the hypothesis is true", () => {
    assert.ok(meanEvidence(2 * tolerance, 60, (bad) => test.logBelow(bad, 60)) < 1);
    assert.ok(meanEvidence(tolerance / 2, 60, (bad) => test.logAbove(bad, 60)) < 1);
  });

  it("shows a rate below the tolerance after about a thousand requests without errors", () => {
    const enough = Math.log(20) + Math.log(2);
    assert.ok(test.logBelow(0, 700) < enough);
    assert.ok(test.logBelow(0, 1200) > enough);
  });

  it("never shows a rate below the tolerance for a rate at or above it, after any number of requests", () => {
    for (const total of [1e3, 1e5, 1e7, 1e9]) {
      assert.ok(test.logBelow(total * tolerance, total) < 0);
      assert.ok(test.logBelow(total * 0.05, total) < 0);
    }
  });

  it("is a number for any counts, and grows with each bad request", () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.double({ min: 0, max: 1, noNaN: true }), (total, share) => {
        const bad = Math.floor(total * share);
        for (const value of [test.logBelow(bad, total), test.logAbove(bad, total)]) assert.ok(!Number.isNaN(value));
        assert.ok(test.logBelow(bad, total + 1) >= test.logBelow(bad + 1, total + 1));
        assert.ok(test.logAbove(bad, total + 1) <= test.logAbove(bad + 1, total + 1));
      }),
    );
  });
});
