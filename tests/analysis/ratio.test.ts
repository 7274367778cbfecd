import assert from "node:assert/strict";
import fc from "fast-check";
import { type LogLikelihood, RatioTest } from "../../analysis/ratio.ts";

const margin = 1.25;
const limit = 2;
const test = new RatioTest({ margin, limit });

/** Counts and exposures of one tick: canary's, then stable's. */
type Counts = readonly [x: number, canary: number, y: number, stable: number];

const counts: fc.Arbitrary<Counts> = fc.tuple(
  fc.nat(20),
  fc.integer({ min: 1, max: 1000 }),
  fc.nat(20),
  fc.integer({ min: 1, max: 9000 }),
);

function seen(ticks: readonly Counts[], by = test): LogLikelihood {
  const known = by.nothing();
  for (const tick of ticks) by.add(known, ...tick);
  return known;
}

function close(a: number, b: number): void {
  assert.ok(Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a)), `${a} is not ${b}`);
}

function binomial(n: number, x: number): number {
  return x === 0 ? 1 : (binomial(n, x - 1) * (n - x + 1)) / x;
}

describe("the evidence on a ratio", () => {
  it("equals that of the reference implementation, tick by tick", () => {
    const ticks: readonly Counts[] = [
      [0, 30, 1, 270],
      [1, 150, 3, 2850],
      [4, 300, 2, 2700],
      [9, 750, 5, 2250],
      [16, 1500, 6, 1500],
    ];
    // reference/statistics/unified.mjs on the same ticks, with this grid, and these weights in logEbad: logEbad(1), logEgood(2),
    // confSeq(0.05), whose ends are the outermost points inside.
    const expected = [
      [-0.2952762752800049, 0.09817242444988139, 0.0625, 64],
      [0.31797943354751856, -0.4654836486186593, 0.0625, 53.81737057623771],
      [4.441932899422894, -1.7741267589717618, 1.4142135623730945, 64],
      [8.804132943880974, -2.7524315104284067, 2, 26.908685288118853],
      [10.104515875614066, -3.1511818283916275, 1.6817928305074283, 13.454342644059425],
    ] as const;
    const reference = new RatioTest({ margin: 1, limit: 2 });
    const known = reference.nothing();
    const step = 2 ** (1 / 4) * (1 + 1e-9);
    for (const [at, [worse, fine, first, last]] of expected.entries()) {
      reference.add(known, ...(ticks[at] as Counts));
      close(reference.logWorse(known), worse);
      close(reference.logFine(known), fine);
      const [lower, upper] = reference.interval(known, 0.05);
      assert.ok(
        lower * (1 - 1e-9) <= first && (lower === 0 || lower * step >= first),
        `${lower} is not just below ${first}`,
      );
      assert.ok(
        upper * (1 + 1e-9) >= last && (upper === Infinity || upper <= last * step),
        `${upper} is not just above ${last}`,
      );
    }
  });

  /** The mean of E over every outcome of some ticks with fixed numbers of events, at a true ratio. */
  function meanEvidence(ratio: number, log: (known: LogLikelihood) => number): number {
    const ticks = [
      { events: 3, canary: 10, stable: 90 },
      { events: 2, canary: 25, stable: 75 },
      { events: 4, canary: 50, stable: 50 },
    ];
    const walk = (at: number, before: readonly Counts[], probability: number): number => {
      const tick = ticks[at];
      if (!tick) return probability * Math.exp(log(seen(before)));
      const q = (tick.canary * ratio) / (tick.canary * ratio + tick.stable);
      return Array.from({ length: tick.events + 1 }, (_, x) => {
        const chance = binomial(tick.events, x) * q ** x * (1 - q) ** (tick.events - x);
        return walk(at + 1, [...before, [x, tick.canary, tick.events - x, tick.stable]], probability * chance);
      }).reduce((sum, each) => sum + each, 0);
    };
    return walk(0, [], 1);
  }

  it("is a martingale at the margin, over every outcome of ticks with changing weights", () => {
    close(
      meanEvidence(margin, (known) => test.logWorse(known)),
      1,
    );
  });

  it("grows on average above the margin, but not below", () => {
    for (const ratio of [0.1, 0.5, 1, 1.2]) assert.ok(meanEvidence(ratio, (known) => test.logWorse(known)) < 1);
    assert.ok(meanEvidence(3, (known) => test.logWorse(known)) > 2);
  });

  it("for fine is a martingale at the limit, and does not grow on average above", () => {
    close(
      meanEvidence(limit, (known) => test.logFine(known)),
      1,
    );
    for (const ratio of [2.1, 4, 30]) assert.ok(meanEvidence(ratio, (known) => test.logFine(known)) < 1);
    assert.ok(meanEvidence(0.5, (known) => test.logFine(known)) > 1.5);
  });

  it("does not depend on the order of ticks", () => {
    fc.assert(
      fc.property(fc.array(counts, { maxLength: 12 }), fc.nat(), (ticks, turn) => {
        const moved = ticks.map((_, at) => ticks[(at + turn) % ticks.length] as Counts);
        close(test.logWorse(seen(ticks)), test.logWorse(seen(moved)));
        close(test.logFine(seen(ticks)), test.logFine(seen(moved)));
      }),
    );
  });

  it("does not change if a tick is split with proportional exposures", () => {
    fc.assert(
      fc.property(
        fc.array(counts, { maxLength: 5 }),
        counts,
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (ticks, [x, canary, y, stable], alphaShare) => {
          const [x1, y1] = [Math.floor(x * alphaShare), Math.ceil(y * alphaShare)];
          const halves: Counts[] = [
            [x1, canary * alphaShare, y1, stable * alphaShare],
            [x - x1, canary * (1 - alphaShare), y - y1, stable * (1 - alphaShare)],
          ];
          close(test.logWorse(seen([...ticks, [x, canary, y, stable]])), test.logWorse(seen([...ticks, ...halves])));
        },
      ),
    );
  });

  it("grows with every event of canary, and shrinks with every event of stable", () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 5 }), counts, (ticks, [x, canary, y, stable]) => {
        const worse = (more: Counts) => test.logWorse(seen([...ticks, more]));
        assert.ok(worse([x + 1, canary, y, stable]) > worse([x, canary, y, stable]));
        assert.ok(worse([x, canary, y + 1, stable]) < worse([x, canary, y, stable]));
      }),
    );
  });

  it("does not change with a tick in which one arm had no requests, or neither had an event", () => {
    const known = seen([[3, 10, 1, 90]]);
    const before = Float64Array.from(known);
    test.add(known, 5, 0, 2, 100);
    test.add(known, 5, 100, 2, 0);
    test.add(known, 0, 100, 0, 900);
    assert.deepEqual(known, before);
  });

  it("shrinks with the dispersion", () => {
    const known = seen([[12, 100, 5, 900]]);
    assert.ok(test.logWorse(known) > test.logWorse(known, 2));
    assert.ok(test.logWorse(known, 2) > test.logWorse(known, 9));
  });

  it("stays accurate over a billion events", () => {
    const known = test.nothing();
    for (let tick = 0; tick < 1000; tick++) test.add(known, 1e5, 1e5, 9e5, 9e5);
    assert.ok(test.logWorse(known) < 0);
    assert.ok(Math.abs((test.likeliest(known) ?? 0) - 1) < 1e-2);
  });
});

describe("the confidence sequence of a ratio", () => {
  it("has no bounds without data", () => {
    assert.deepEqual(test.interval(test.nothing(), 0.01), [0, Infinity]);
    assert.equal(test.likeliest(test.nothing()), undefined);
  });

  it("contains the likeliest ratio, and is wider at higher confidence", () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 8 }), (ticks) => {
        const known = seen(ticks);
        const likeliest = test.likeliest(known);
        const [lower, upper] = test.interval(known, 0.05);
        const [wideLower, wideUpper] = test.interval(known, 0.001);
        if (likeliest !== undefined)
          assert.ok(lower <= likeliest && likeliest <= upper, `${lower} ${likeliest} ${upper}`);
        assert.ok(wideLower <= lower && upper <= wideUpper);
      }),
    );
  });

  it("is rounded outwards, so that it contains every ratio that is not ruled out, even between grid points", () => {
    const points = Array.from({ length: 41 }, (_, at) => 2 ** (at / 4 - 4));
    const weights = points.map((g) => 1 / (1 + Math.abs(Math.log(g))));
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    const between = Array.from({ length: 401 }, (_, at) => 2 ** (at / 40 - 4));
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 8 }), (ticks) => {
        const log = (g: number) =>
          ticks.reduce(
            (sum, [x, canary, y, stable]) => sum + x * Math.log(g) - (x + y) * Math.log(canary * g + stable),
            0,
          );
        const logs = points.map(log);
        const mean = (likelihood: number) =>
          logs.reduce((sum, each, at) => sum + ((weights[at] as number) / all) * Math.exp(each - likelihood), 0);
        const [lower, upper] = test.interval(seen(ticks), 0.05);
        for (const g of between) {
          if (mean(log(g)) < 20 * (1 - 1e-9)) assert.ok(lower <= g && g <= upper, `${lower} ${g} ${upper}`);
        }
      }),
    );
  });

  it("converges to the true ratio", () => {
    const known = test.nothing();
    for (let tick = 0; tick < 500; tick++) test.add(known, 30, 1000, 90, 9000);
    const [lower, upper] = test.interval(known, 0.01);
    assert.ok(2.5 < lower && lower < 3 && 3 < upper && upper < 3.4, `${lower} ${upper}`);
    assert.ok(Math.abs((test.likeliest(known) ?? 0) - 3) < 0.02);
  });

  it("has no upper bound if stable had no event, and no lower bound if canary had none", () => {
    const [lower, upper] = test.interval(seen([[9, 100, 0, 900]]), 0.01);
    assert.ok(lower > 1 && upper === Infinity);
    assert.equal(test.likeliest(seen([[9, 100, 0, 900]])), Infinity);
    assert.equal(test.interval(seen([[0, 100, 60, 900]]), 0.01)[0], 0);
    assert.equal(test.likeliest(seen([[0, 100, 60, 900]])), 0);
  });
});
