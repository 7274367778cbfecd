import assert from "node:assert/strict";
import { runs } from "../long.ts";
import { historyOf } from "./history.ts";
import { judge } from "./model.ts";
import { play } from "./play.ts";

/** One history by default, because each takes a second; all with GRAY_LONG=1. */
const seeds = [3, 1, 2].slice(0, runs(3));

type Played = ReturnType<typeof play>;

/** What each history came to, played once. Two are never played at the same time. */
const played = new Map<number, Played>();
function outcomeOf(seed: number): Played {
  const found = played.get(seed) ?? play(historyOf(seed));
  played.set(seed, found);
  return found;
}

describe("a history in simulated time", () => {
  it("comes to an end against which the model has nothing", async () => {
    for (const seed of seeds) {
      assert.deepEqual(judge(historyOf(seed), await outcomeOf(seed)), [], `npm run test:faults -- --seed ${seed}`);
    }
  }).timeout(60_000);

  it("is the same each time", async () => {
    const text = (outcome: Awaited<Played>) =>
      JSON.stringify(outcome).replaceAll(/127\.0\.0\.1:\d+|gray-faults-\w+/g, "");
    assert.equal(text(await outcomeOf(3)), text(await play(historyOf(3))));
  }).timeout(60_000);

  it("gives real time back", async () => {
    await outcomeOf(3);
    const before = performance.now();
    await new Promise((woken) => setTimeout(woken, 20));
    assert.ok(performance.now() - before >= 15);
    assert.ok(Math.abs(Date.now() - (performance.timeOrigin + performance.now())) < 60_000);
  }).timeout(60_000);
});
