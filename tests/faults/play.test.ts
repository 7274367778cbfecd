import assert from "node:assert/strict";
import { runs } from "../long.ts";
import { type History, historyOf, releases } from "./history.ts";
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

  it("has a canary that follows stable's number of pods while a step lasts, and is cut off in time all the same", async () => {
    const { never: _, ...any } = historyOf(3);
    const quiet: History = {
      ...any,
      ...{
        decisions: [],
        storms: [],
        processFaults: [],
        failingChecks: [],
        failingUps: 0,
        skews: [],
        routesForbidden: false,
      },
      ...{ traffic: "pods", rollMilliseconds: 400, leavesHolding: false, calm: 60_000 },
      steps: [
        { stage: "canary", weight: 25, approval: false, atLeast: 100, atMost: 120, checks: [] },
        { stage: "full", approval: false, watch: 0 },
      ],
      evidence: { [releases.b]: [{ at: 45_000, verdict: "bad" }] },
      scales: [
        { at: 10_000, replicas: 9 },
        { at: 20_000, replicas: 10 },
        { at: 30_000, replicas: 4 },
        { at: 44_900, replicas: 12 },
      ],
    };
    const events = await play(quiet);
    assert.deepEqual(judge(quiet, events), []);
    const pods = events.flatMap((event) =>
      event.kind === "effect" && event.object === "deployments/web-canary" && event.release === releases.b
        ? [event.replicas]
        : [],
    );
    assert.deepEqual(pods.slice(0, 3), [1, 3, 1]);
    assert.equal(pods.at(-1), 0);
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
