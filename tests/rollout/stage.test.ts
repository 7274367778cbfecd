import assert from "node:assert/strict";
import type { ResolvedStep } from "../../components/step.ts";
import type { Judgment, Move } from "../../rollout/move.ts";
import { behaviourOf, rollsStable } from "../../rollout/stage.ts";

const dark: ResolvedStep = { stage: "dark", approval: false, checks: ["GET /healthz"], atMost: 60 };
const canary: ResolvedStep = {
  stage: "canary",
  approval: false,
  weight: 10,
  checks: ["GET /login"],
  atLeast: 120,
  atMost: 900,
};
const full: ResolvedStep = { stage: "full", approval: false, watch: 300 };
const undecided: Judgment = { verdict: "undecided", reason: "too few requests" };
const good: Judgment = { verdict: "good", reason: "every stream is fine" };
const observes: Move = { kind: "observe", reason: undecided.reason };
const advances: Move = { kind: "advance" };
const holds: Move = {
  kind: "hold",
  reason: "no decision within 15 min: too few requests",
  remedies: ["approve", "keep observing", "roll back"],
};

describe("a step", () => {
  for (const [step, expected] of [
    [
      dark,
      {
        track: "canary",
        needsGood: false,
        name: "dark",
        weight: 0,
        checks: ["GET /healthz"],
        limit: 60,
        condition: undefined,
      },
    ],
    [
      canary,
      {
        track: "canary",
        needsGood: false,
        name: "canary at 10 %",
        weight: 10,
        checks: ["GET /login"],
        limit: 900,
        condition: "the verdict is good, 2 min are over",
      },
    ],
    [
      full,
      {
        track: "stable",
        needsGood: true,
        name: "full",
        weight: undefined,
        checks: [],
        limit: undefined,
        condition: "stable runs it completely, and 5 min later",
      },
    ],
  ] as const) {
    it(`of stage ${step.stage} has a track, a name, a weight, checks, a limit and a condition`, () => {
      const { next: _, ...described } = behaviourOf(step);
      assert.deepEqual(described, expected);
    });
  }

  it("without a least time or a watch has a condition without it", () => {
    assert.equal(behaviourOf({ ...canary, atLeast: 0 }).condition, "the verdict is good");
    assert.equal(behaviourOf({ ...full, watch: 0 }).condition, "stable runs it completely");
  });

  for (const [sentence, step, judgment, lasted, move] of [
    ["of stage dark is passed at once", dark, undecided, 0, advances],
    [
      "of stage canary observes before its least time, even if the release is good",
      canary,
      good,
      119,
      { kind: "observe", reason: good.reason },
    ],
    ["of stage canary is passed at its least time if the release is good", canary, good, 120, advances],
    ["of stage canary observes on after its least time if the release is undecided", canary, undecided, 899, observes],
    ["of stage canary holds at its limit if the release is undecided", canary, undecided, 900, holds],
    ["of stage canary is passed after its limit if the release is good", canary, good, 901, advances],
    [
      "of stage canary never holds a good release for its limit",
      { ...canary, atLeast: 900, atMost: 900 },
      good,
      900,
      advances,
    ],
    [
      "of stage full observes until its watch is over",
      full,
      undecided,
      299,
      { kind: "observe", reason: "watching for another 1 s" },
    ],
    ["of stage full ends the rollout when its watch is over", full, undecided, 300, { kind: "finish" }],
  ] as const satisfies readonly (readonly [string, ResolvedStep, Judgment, number, Move])[]) {
    it(sentence, () => assert.deepEqual(behaviourOf(step).next(judgment, lasted), move));
  }

  it("rolls stable in stage full only", () => {
    assert.deepEqual([dark, canary, full, undefined].map(rollsStable), [false, false, true, false]);
  });
});
