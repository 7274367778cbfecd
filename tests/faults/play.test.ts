import assert from "node:assert/strict";
import { historyOf } from "./history.ts";
import { judge } from "./model.ts";
import { play } from "./play.ts";

const seeds = [1, 2, 3];

describe("a history in simulated time", () => {
  it("comes to an end against which the model has nothing", async () => {
    for (const seed of seeds) {
      const history = historyOf(seed);
      assert.deepEqual(judge(history, await play(history)), [], `npm run test:faults -- --seed ${seed}`);
    }
  }).timeout(60_000);

  it("is the same each time", async () => {
    const said = async () =>
      JSON.stringify(await play(historyOf(3))).replaceAll(/127\.0\.0\.1:\d+|gray-faults-\w+/g, "");
    assert.equal(await said(), await said());
  }).timeout(60_000);

  it("gives real time back", async () => {
    await play(historyOf(3));
    const before = performance.now();
    await new Promise((woken) => setTimeout(woken, 20));
    assert.ok(performance.now() - before >= 15);
    assert.ok(Math.abs(Date.now() - (performance.timeOrigin + performance.now())) < 60_000);
  }).timeout(60_000);
});
