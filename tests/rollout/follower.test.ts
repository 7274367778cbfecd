import assert from "node:assert/strict";
import { UserError } from "../../components/user-error.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { a, b, bad, good, quickCluster, Trial, undecided } from "../fake/driven.ts";

describe("a driver while an autoscaler scales stable", () => {
  let api: ApiServer;
  let trial: Trial;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ api, end } = await quickCluster());
    trial = new Trial(api);
  });
  afterEach(() => end());

  /** Canary serves for a minute, and how it follows meanwhile. */
  const steps = [
    { stage: "canary", weight: 10, atLeast: 60, atMost: 90 },
    { stage: "full", watch: 15 },
  ] as const;
  const followed = async (following: Trial["tracks"]["following"], judgment = good) => {
    trial.judgment = () => judgment;
    trial.tracks.following = following;
    return trial.drive(await trial.begin(steps));
  };

  it("lets canary follow again and again while a step lasts, and reports each change once", async () => {
    const weights: (number | undefined)[] = [];
    const ended = await followed(async ({ weight }) => {
      weights.push(weight);
      return weights.length < 3 ? undefined : "Canary has 3 pods now.";
    });
    assert.equal(ended.kind, "promoted");
    assert.ok(weights.length >= 8, `${weights.length}`);
    assert.deepEqual([...new Set(weights)], [10]);
    assert.deepEqual(
      trial.notes.filter((each) => each.startsWith("Canary")),
      ["Canary has 3 pods now."],
    );
  });

  it("goes on if canary cannot follow, and reports it once", async () => {
    const ended = await followed(async () => {
      throw new UserError("The API server refuses it.");
    });
    assert.equal(ended.kind, "promoted");
    assert.deepEqual(
      trial.notes.filter((each) => each.includes("follow")),
      ["Canary does not follow stable's number of pods (The API server refuses it): gray tries again."],
    );
  });

  it("lets canary follow while the rollout is paused", async () => {
    trial.leavesHolding = false;
    let during = 0;
    trial.meanwhile = async () => {
      if (trial.moves.length === 3) await trial.recordDecision((it) => ({ ...it, paused: decision() }));
      if (trial.moves.length === 60) await trial.recordDecision(({ paused: _, ...it }) => it);
    };
    await followed(async () => {
      if (trial.moves.at(-1)?.kind === "hold") during++;
      return undefined;
    });
    assert.ok(during > 3, `${during}`);
  });

  it("cuts canary off although following hangs", async () => {
    trial.tracks.following = () => new Promise(() => {});
    let asked = 0;
    trial.judgment = () => (++asked > 20 ? bad : undecided);
    const ended = await trial.drive(await trial.begin(steps));
    assert.equal(ended.kind, "undone");
    assert.deepEqual([trial.tracks.canary.release, trial.tracks.stable.release], [a, a]);
  });

  it("obeys a person although following hangs", async () => {
    trial.tracks.following = () => new Promise(() => {});
    trial.judgment = () => undecided;
    trial.meanwhile = async ({ rollbackRequested, weight }) => {
      if (weight === 10 && !rollbackRequested)
        await trial.recordDecision((it) => ({ ...it, rollbackRequested: decision() }));
    };
    const ended = await trial.drive(await trial.begin(steps));
    assert.equal(ended.kind, "undone");
  });

  it("ends the following when it is stopped itself", async () => {
    let stopped = false;
    const ended = await followed((_, signal) => {
      signal.addEventListener("abort", () => {
        stopped = true;
      });
      setImmediate(() => trial.stop.abort());
      return new Promise(() => {});
    });
    assert.deepEqual([ended.kind, stopped], ["stopped", true]);
    assert.equal(trial.open.release, b);
  });
});

function decision() {
  return { by: "bob", reason: "lunch", at: new Date().toISOString() };
}
