import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { podAmount, podsOf } from "../../components/pod-amount.ts";

describe("an amount of pods", () => {
  for (const [amount, most] of [
    [0, 0],
    [9, 9],
    ["0%", 0],
    ["25%", 3],
    ["100%", 9],
  ] as const) {
    it(`of ${amount} is ${most} of nine pods, rounded up`, () => assert.equal(podsOf(amount, 9, Math.ceil), most));
  }

  it("of any percentage is never more when rounded down than when rounded up, and at most all pods", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.nat(1000), (share, replicas) => {
        const [down, up] = [podsOf(`${share}%`, replicas, Math.floor), podsOf(`${share}%`, replicas, Math.ceil)];
        assert.ok(down <= up && up - down <= 1 && up <= replicas);
      }),
    );
  });

  it("is a whole number or a whole percentage", () => {
    for (const good of [0, 5, "0%", "7%", "100%"]) assert.ok(v.is(podAmount(0, 100), good), `${good}`);
    for (const bad of [-1, 1.5, "101%", "-1%", "1.5%", "10", "", "%", null])
      assert.ok(!v.is(podAmount(0, 100), bad), `${bad}`);
  });

  it("may have to be one at least", () => {
    for (const bad of [0, "0%"]) assert.ok(!v.is(podAmount(1), bad), `${bad}`);
    assert.ok(v.is(podAmount(1), "1%"));
  });

  it("of additional pods may be more than all", () => {
    assert.ok(v.is(podAmount(1), "200%"));
    assert.equal(podsOf("200%", 4, Math.ceil), 8);
  });
});
