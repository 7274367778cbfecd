import assert from "node:assert/strict";
import { SteadyShare } from "../../evaluation/steady-share.ts";

describe("the share that canary was meant to get", () => {
  const over = (...looks: [second: number, share: number | undefined][]) => {
    const steady = new SteadyShare();
    return looks.map(([second, share]) => steady.over(1000 * second, share)).at(-1);
  };

  it("counts once it has held for longer than counters may lag", () => {
    assert.equal(over([0, 0.1], [89, 0.1]), undefined);
    assert.equal(over([0, 0.1], [89, 0.1], [90, 0.1]), 0.1);
  });

  it("begins anew with a change, to whatever", () => {
    assert.equal(over([0, 0.1], [90, 0.2]), undefined);
    assert.equal(over([0, 0.1], [50, undefined], [60, 0.1], [120, 0.1]), undefined);
  });

  it("is known at once where it is nothing or everything", () => {
    assert.equal(over([0, 0]), 0);
    assert.equal(over([0, 0.1], [1, 1]), 1);
  });
});
