import assert from "node:assert/strict";
import { backoff } from "../../kubernetes/backoff.ts";

describe("the pause before another attempt", () => {
  const limits = { first: 100, most: 1000 };

  it("doubles with each attempt, up to the longest", () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 10_000].map((attempt) => backoff(attempt, limits, 1)),
      [100, 200, 400, 800, 1000, 1000, 1000],
    );
  });

  it("is at random between half of that and all of it", () => {
    assert.deepEqual(
      [0, 0.5, 1].map((chance) => backoff(3, limits, chance)),
      [200, 300, 400],
    );
    const drawn = new Set(Array.from({ length: 20 }, () => backoff(3, limits)));
    assert.ok(drawn.size > 1);
    assert.ok([...drawn].every((pause) => pause >= 200 && pause <= 400));
  });
});
