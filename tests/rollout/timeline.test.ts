import assert from "node:assert/strict";
import type { Rollout } from "../../rollout/rollout.ts";
import { happenings, stepOf } from "../../rollout/timeline.ts";
import { openRollout } from "../fake/open-rollout.ts";
import { verdict } from "../fake/world.ts";

const at = "2026-01-01T00:01:00.000Z";
const decision = (by: string, reason: string) => ({ by, reason, at });
const rollout = (more: Partial<Rollout> = {}) => openRollout("bbbbbbbbbbbb", "aaaaaaaaaaaa", more);
const told = (was: Partial<Rollout>, is: Partial<Rollout>) =>
  happenings({ rollout: rollout(was), verdict: undefined }, { rollout: rollout(is), verdict: undefined }).map(
    ({ kind, reason }) => `${kind}: ${reason}`,
  );

describe("the story of a rollout", () => {
  const rows: [sentence: string, was: Partial<Rollout>, is: Partial<Rollout>, ...told: string[]][] = [
    ["has nothing to tell of what stays", { stepStartedAt: at }, { stepStartedAt: at }],
    ["tells a new step", { step: 0 }, { step: 1 }, "step: step 2 of 3, canary at 10 % comes next"],
    [
      "tells when it is in force",
      { step: 1 },
      { step: 1, stepStartedAt: at },
      "step: step 2 of 3, canary at 10 % is in force",
    ],
    [
      "tells both where it was not looked in between",
      { step: 0 },
      { step: 1, stepStartedAt: at },
      "step: step 2 of 3, canary at 10 % comes next",
      "step: step 2 of 3, canary at 10 % is in force",
    ],
    ["tells what begins", {}, { effect: { name: "dark", at } }, "effect: began: dark"],
    ["tells what ended", { effect: { name: "dark", at } }, {}, "effect: ended: dark"],
    [
      "tells passed checks",
      { stepStartedAt: at },
      { stepStartedAt: at, checked: true },
      "step: step 1 of 3, dark: its checks passed",
    ],
    ["tells a pause with who and why", {}, { paused: decision("alice", "lunch") }, "pause: paused by alice: lunch"],
    ["tells the end of a pause", { paused: decision("alice", "lunch") }, {}, "resume: not paused any more"],
    ["tells an approval", {}, { approved: decision("alice", "fine") }, "approval: approved by alice: fine"],
    [
      "tells that it goes back",
      {},
      { rollbackRequested: decision("evidence", "5xx") },
      "rollbackRequested: going back to aaaaaaaaaaaa, by evidence: 5xx",
    ],
    ["tells another driver", { epoch: 1 }, { epoch: 2 }, "driver: another driver goes on with it"],
  ];
  for (const [sentence, was, is, ...expected] of rows) {
    it(sentence, () => assert.deepEqual(told(was, is), expected));
  }

  it("tells a verdict, and once", () => {
    const before = { rollout: rollout(), verdict: undefined };
    const judged = { rollout: rollout(), verdict: verdict("bad", "evidence", "5xx") };
    assert.deepEqual(happenings(before, judged), [{ kind: "verdict", reason: "judged bad by evidence: 5xx" }]);
    assert.deepEqual(happenings(judged, judged), []);
  });

  it("has a name for the time after the last step", () => {
    assert.equal(stepOf(rollout({ step: 3 })), "the end of its steps");
  });
});
