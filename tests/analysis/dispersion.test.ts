import assert from "node:assert/strict";
import fc from "fast-check";
import { addDispersion, type Dispersion, dispersionOf } from "../../analysis/dispersion.ts";

const fresh = (): Dispersion => ({ weighted: 0, events: 0, degrees: 0 });
const pods = (...events: readonly number[]) => events.map((each) => ({ events: each, exposure: 100 }));

function ofTicks(ticks: readonly (readonly number[])[]): number {
  const known = fresh();
  for (const tick of ticks) addDispersion(known, pods(...tick));
  return dispersionOf(known, []);
}

describe("the dispersion of events", () => {
  it("is 1 without data, or with only one pod", () => {
    assert.equal(dispersionOf(fresh(), []), 1);
    assert.equal(ofTicks([[7], [9]]), 1);
    assert.equal(dispersionOf(fresh(), pods(1000)), 1);
  });

  it("is 1 for independent events", () => {
    assert.equal(
      ofTicks([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ]),
      1,
    );
  });

  it("is nearly the size of the bursts for events in bursts", () => {
    const found = ofTicks(Array.from({ length: 60 }, (_, at) => [0, 0, 0].map((_, pod) => (pod === at % 3 ? 9 : 0))));
    assert.ok(8 < found && found <= 9, String(found));
  });

  it("weights each tick by its events", () => {
    assert.ok(ofTicks([...Array.from({ length: 20 }, () => [1, 0, 0]), [30, 0, 0]]) > 15);
  });

  it("grows with the events of unequal pods, so that more requests to one pod are not more evidence", () => {
    const unlike = (scale: number) => dispersionOf(fresh(), pods(8 * scale, 10 * scale, 12 * scale));
    assert.equal(unlike(1), 1);
    assert.ok(unlike(100) > 30);
    assert.ok(unlike(1000) > 9 * unlike(100));
  });

  it("does not mistake unequal shares of traffic for unequal pods", () => {
    const known = fresh();
    const shared = [
      { events: 10, exposure: 100 },
      { events: 90, exposure: 900 },
    ];
    addDispersion(known, shared);
    assert.equal(dispersionOf(known, shared), 1);
  });

  it("is always a number from 1", () => {
    const pod = fc.record({ events: fc.nat(1000), exposure: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(fc.array(pod, { maxLength: 5 }), { maxLength: 10 }), fc.array(pod), (ticks, totals) => {
        const known = fresh();
        for (const tick of ticks) addDispersion(known, tick);
        assert.ok(dispersionOf(known, totals) >= 1);
      }),
    );
  });
});
