import assert from "node:assert/strict";
import { setImmediate as nextRound } from "node:timers/promises";
import { timeSlice } from "../../analysis/providers/time-slice.ts";

/** Keeps the processor busy for this many milliseconds. */
function work(milliseconds: number): void {
  const ends = performance.now() + milliseconds;
  while (performance.now() < ends);
}

describe("work in turns", () => {
  it("lets the event loop run between the slices of several callers", async () => {
    let rounds = 0;
    let slices = 0;
    /** Maximum number of slices between two rounds. */
    let together = 0;
    let before = 0;
    let left = 8;
    const all = Promise.all(
      Array.from({ length: left }, async () => {
        for (let slice = 0; slice < 3; slice++) {
          await timeSlice();
          work(12);
          slices++;
        }
        left--;
      }),
    );
    while (left > 0) {
      await nextRound();
      rounds++;
      together = Math.max(together, slices - before);
      before = slices;
    }
    await all;
    assert.equal(slices, 24);
    assert.equal(together, 1);
    assert.ok(rounds >= 24);
  });

  it("shares a round among short slices", async () => {
    let rounds = 0;
    let done = false;
    const count = async () => {
      for (; !done; rounds++) await nextRound();
    };
    const counted = count();
    for (let slice = 0; slice < 1000; slice++) await timeSlice();
    done = true;
    await counted;
    assert.ok(rounds < 500, `${rounds} rounds`);
  });

  it("continues if a slice throws", async () => {
    const failing = (async () => {
      await timeSlice();
      throw new Error("no");
    })();
    await assert.rejects(failing);
    await timeSlice();
  });
});
