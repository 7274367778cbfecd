import assert from "node:assert/strict";
import { SteadyShare } from "../../evaluation/steady-share.ts";

describe("the share that is routed to canary", () => {
  const over = (...polls: [second: number, share: number | undefined][]) => {
    const steady = new SteadyShare();
    return polls.map(([second, share]) => steady.over(1000 * second, share)).at(-1);
  };

  it("counts once it has been constant for longer than counters may lag", () => {
    assert.equal(over([0, 0.1], [89, 0.1]), undefined);
    assert.equal(over([0, 0.1], [89, 0.1], [90, 0.1]), 0.1);
  });

  it("does not count if it is unknown", () => {
    assert.equal(over([0, undefined]), undefined);
    assert.equal(over([0, undefined], [90, undefined]), undefined);
  });

  it("starts anew with each change", () => {
    assert.equal(over([0, 0.1], [90, 0.2]), undefined);
    assert.equal(over([0, 0.1], [50, undefined], [60, 0.1], [120, 0.1]), undefined);
  });

  it("counts at once if it is 0 or 1", () => {
    assert.equal(over([0, 0]), 0);
    assert.equal(over([0, 0.1], [1, 1]), 1);
  });
});
