import assert from "node:assert/strict";
import type { Rollout } from "../../rollout/rollout.ts";
import { stepOf, timelineEvents } from "../../rollout/timeline.ts";
import { openRollout } from "../fake/open-rollout.ts";
import { verdict } from "../fake/world.ts";

const at = "2026-01-01T00:01:00.000Z";
const later = "2026-01-01T00:02:00.000Z";
const decision = (by: string, reason: string, when = at) => ({ by, reason, at: when });
const rollout = (more: Partial<Rollout> = {}) => openRollout("bbbbbbbbbbbb", "aaaaaaaaaaaa", more);
const reported = (was: Partial<Rollout>, is: Partial<Rollout>) =>
  timelineEvents({ rollout: rollout(was), verdict: undefined }, { rollout: rollout(is), verdict: undefined }).map(
    ({ kind, reason }) => `${kind}: ${reason}`,
  );

describe("the timeline of a rollout", () => {
  const rows: [sentence: string, was: Partial<Rollout>, is: Partial<Rollout>, ...reported: string[]][] = [
    ["has no event if nothing changes", { stepStartedAt: at }, { stepStartedAt: at }],
    ["has a new step", { step: 0 }, { step: 1 }, "step: step 2 of 3, canary at 10 % comes next"],
    [
      "has a step in force",
      { step: 1 },
      { step: 1, stepStartedAt: at },
      "step: step 2 of 3, canary at 10 % is in force",
    ],
    [
      "has both if no read came in between",
      { step: 0 },
      { step: 1, stepStartedAt: at },
      "step: step 2 of 3, canary at 10 % comes next",
      "step: step 2 of 3, canary at 10 % is in force",
    ],
    [
      "has the next step in force if the one before was too",
      { step: 0, stepStartedAt: at },
      { step: 1, stepStartedAt: later },
      "step: step 2 of 3, canary at 10 % comes next",
      "step: step 2 of 3, canary at 10 % is in force",
    ],
    ["has no event while an effect goes on", { effect: { name: "dark", at } }, { effect: { name: "dark", at } }],
    [
      "has the end of one effect and the start of the next",
      { effect: { name: "dark", at } },
      { effect: { name: "full", at: later } },
      "effect: ended: dark",
      "effect: started: full",
    ],
    ["has the start of an effect", {}, { effect: { name: "dark", at } }, "effect: started: dark"],
    ["has the end of an effect", { effect: { name: "dark", at } }, {}, "effect: ended: dark"],
    [
      "has passed checks",
      { stepStartedAt: at },
      { stepStartedAt: at, checked: true },
      "step: step 1 of 3, dark: its checks passed",
    ],
    [
      "has the decision that stable is broken",
      {},
      { stableIsBroken: decision("alice", "500 since noon") },
      "approval: canary's own rates decide while stable is broken, by alice: 500 since noon",
    ],
    ["has a pause with author and reason", {}, { paused: decision("alice", "lunch") }, "pause: paused by alice: lunch"],
    ["has the end of a pause", { paused: decision("alice", "lunch") }, {}, "resume: resumed"],
    [
      "has no event while a pause goes on",
      { paused: decision("alice", "lunch") },
      { paused: decision("alice", "lunch") },
    ],
    [
      "has a new pause in place of another one",
      { paused: decision("alice", "lunch") },
      { paused: decision("bob", "incident", later) },
      "pause: paused by bob: incident",
    ],
    [
      "has the reason why its driver stopped",
      {},
      { stoppedReason: decision("gray", "too few requests") },
      "hold: the driver stopped while the rollout holds: too few requests",
    ],
    [
      "has no event while its driver is stopped",
      { stoppedReason: decision("gray", "too few requests") },
      { stoppedReason: decision("gray", "too few requests") },
    ],
    ["has no event if a driver goes on", { stoppedReason: decision("gray", "too few requests") }, {}],
    ["has an approval", {}, { approved: decision("alice", "fine") }, "approval: approved by alice: fine"],
    [
      "has a rollback",
      {},
      { rollbackRequested: decision("evidence", "5xx") },
      "rollbackRequested: rolling back to aaaaaaaaaaaa, by evidence: 5xx",
    ],
    ["has a takeover by another driver", { epoch: 1 }, { epoch: 2 }, "driver: another driver has taken over"],
  ];
  for (const [sentence, was, is, ...expected] of rows) {
    it(sentence, () => assert.deepEqual(reported(was, is), expected));
  }

  it("has a verdict, once", () => {
    const before = { rollout: rollout(), verdict: undefined };
    const judged = { rollout: rollout(), verdict: verdict("bad", "evidence", "5xx") };
    assert.deepEqual(timelineEvents(before, judged), [{ kind: "verdict", reason: "judged bad by evidence: 5xx" }]);
    assert.deepEqual(timelineEvents(judged, judged), []);
  });

  it("names the time after the last step", () => {
    assert.equal(stepOf(rollout({ step: 3 })), "the end of its steps");
  });
});
