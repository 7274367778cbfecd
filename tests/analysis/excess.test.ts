import assert from "node:assert/strict";
import fc from "fast-check";
import { armCountsOf } from "../../analysis/arms.ts";
import { type Excess, excessAfter, whyExceeds } from "../../analysis/excess.ts";
import { canary, stable, tick } from "./ticks.ts";

/** The excess after ticks in which canary's pair counts so much. */
function excessOf(ticks: readonly { readonly bad: number; readonly total: number }[]): Excess {
  return ticks.reduce<Excess>((before, failed, at) => {
    const armCounts = armCountsOf(tick(at + 1, { pairs: { failed } }), { canary, stable: [stable] });
    return excessAfter(before, armCounts, ["failed"]);
  }, {});
}
const count = fc.nat(1000);

describe("a pair whose bad events exceed its total", () => {
  it("is noticed, however many good events were counted before", () => {
    fc.assert(
      fc.property(fc.array(count), fc.integer({ min: 1, max: 50 }), (good, bad) => {
        const before = good.map((total) => ({ bad: 0, total }));
        assert.notEqual(whyExceeds(excessOf([...before, ...Array(20).fill({ bad, total: 0 })])), undefined);
      }),
    );
  });

  it("is none if each tick counts its bad events in the total", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(count, count)), (ticks) => {
        assert.equal(whyExceeds(excessOf(ticks.map(([bad, fine]) => ({ bad, total: bad + fine })))), undefined);
      }),
    );
  });

  it("is none any more once the total has caught up", () => {
    fc.assert(
      fc.property(fc.array(count), (bads) => {
        const total = bads.reduce((sum, bad) => sum + bad, 0);
        const late = [...bads.map((bad) => ({ bad, total: 0 })), { bad: 0, total }];
        assert.deepEqual(excessOf(late).failed?.canary ?? 0, 0);
      }),
    );
  });

  it("is named with its arm", () => {
    assert.equal(whyExceeds({ failed: { canary: 19, stable: 19 } }), undefined);
    assert.equal(
      whyExceeds({ ok: { canary: 0, stable: 0 }, failed: { canary: 0, stable: 20 } }),
      "the total of pair failed must include its bad events: stable had more bad events than events in all",
    );
  });
});
