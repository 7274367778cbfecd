import assert from "node:assert/strict";
import type { RolloutStatus } from "../../../cli/output/rollout-status.ts";
import { type Circumstances, type Situation, situationLine, situationOf } from "../../../cli/output/situation.ts";
import type { RecordReading, RolloutRecord } from "../../../record/record.ts";
import { verdict } from "../../fake/world.ts";

const [a, b] = ["a".repeat(12), "b".repeat(12)];
const decision = { by: "carol", reason: "lunch", at: "2026-01-01T00:00:00Z" };
const driver = { name: "Process 1 on host", alive: true };
const rollout: RolloutStatus = {
  ...{ release: b, from: a, by: "bob", began: "2026-01-01T00:00:00Z", step: 2, steps: 3 },
  name: "step 2 of 3, canary at 10 %",
};
const read = (more: Partial<RolloutRecord> = {}): RecordReading => ({
  kind: "read",
  record: { version: 2, cluster: "uid", sequence: 0, verdicts: {}, stableHistory: [], ...more } as RolloutRecord,
});
const undone = {
  ...{ release: b, from: a, began: "2026-01-01T00:00:00Z", ended: "2026-01-01T00:01:00Z", by: "bob" },
  ...{ outcome: "undone" as const, reason: "5xx in 4 % of its requests" },
};
const both: Circumstances = { tracks: { stable: { release: a }, canary: { release: b } }, record: read() };
const alike = { stable: { release: a }, canary: { release: a } };

/** Each situation, what it follows from, and the first command that fits. */
const cases: readonly [is: Situation["is"], from: Circumstances, says: RegExp, command: string | undefined][] = [
  ["in an unknown state", { ...both, record: { kind: "unreadable", why: "no JSON" } }, /no JSON/, "gray history"],
  [
    "in an unknown state",
    { ...both, rollout: { unknown: "Started by a newer version." } },
    /newer version$/,
    undefined,
  ],
  [
    "rolling back",
    { ...both, outage: "none ready", rollout: { ...rollout, driver, rollbackRequested: decision } },
    /from b{12} to a{12}: lunch$/,
    "gray watch",
  ],
  [
    "rolling back",
    { ...both, rollout: { ...rollout, rollbackRequested: decision } },
    /No driver is alive/,
    "gray resume",
  ],
  ["without a ready pod of stable", { ...both, outage: "No pod." }, /^No pod$/, "gray logs --track stable"],
  [
    "without a ready pod of stable",
    { ...both, outage: "No pod.", rollout: { ...rollout, driver } },
    /^No pod$/,
    'gray abort --reason "…"',
  ],
  ["paused", { ...both, rollout: { ...rollout, driver, paused: decision } }, /paused by carol: lunch$/, "gray resume"],
  [
    "waiting for a person",
    { ...both, rollout: { ...rollout, awaitsApproval: true } },
    /held: this step begins with an approval$/,
    `gray approve ${b} --reason "…"`,
  ],
  [
    "waiting for a person",
    { ...both, rollout: { ...rollout, stoppedReason: decision } },
    /held: lunch$/,
    `gray approve ${b} --reason "…"`,
  ],
  ["without a driver", { ...both, rollout }, /no driver is alive/, "gray resume"],
  [
    "without a driver",
    { ...both, rollout: { ...rollout, driver: { ...driver, alive: false } } },
    /no driver is alive/,
    "gray resume",
  ],
  ["rolling out", { ...both, rollout: { ...rollout, driver } }, /step 2 of 3, canary at 10 %, of b{12}$/, "gray watch"],
  [
    "rolled back",
    { ...both, record: read({ ended: [undone] }) },
    /b{12} was rolled back to a{12}: 5xx/,
    "gray history",
  ],
  [
    "rolled back",
    { ...both, tracks: alike, record: read({ ended: [undone] }) },
    /b{12} was rolled back to a{12}: 5xx/,
    "gray history",
  ],
  [
    "on trial",
    {
      ...both,
      tracks: { ...alike, canary: { release: "d".repeat(12) } },
      record: read({ ended: [undone] }),
    },
    /^canary runs d{12} and stable a{12}/,
    "gray verify",
  ],
  [
    "steady",
    { ...both, tracks: alike, record: read({ ended: [{ ...undone, outcome: "promoted" as const }, undone] }) },
    /^both tracks run a{12}$/,
    undefined,
  ],
  [
    "on trial",
    { ...both, record: read({ ended: [{ ...undone, from: "c".repeat(12) }] }) },
    /the verdict is undecided: it has not been judged yet$/,
    "gray verify",
  ],
  ["on trial", { ...both, record: { kind: "absent" } }, /undecided/, "gray verify"],
  [
    "on trial",
    { ...both, record: read({ verdicts: { [b]: verdict("good") } }) },
    /is good: looked at it/,
    "gray rollout",
  ],
  ["on trial", { ...both, record: read({ verdicts: { [b]: verdict("bad") } }) }, /is bad: looked at it/, "gray verify"],
  ["steady", { ...both, tracks: alike }, /^both tracks run a{12}$/, undefined],
  ["steady", { ...both, tracks: { canary: { release: a } } }, /^its track runs a{12}$/, undefined],
];

describe("the situation of a service", () => {
  for (const [is, from, says, command] of cases) {
    it(`is ${is}: ${says.source}, and you can type ${command ?? "nothing"}`, () => {
      const found = situationOf(from, {});
      assert.deepEqual([found.is, found.commands[0]], [is, command]);
      assert.match(found.what, says);
    });
  }

  it("has commands that choose the service as you did", () => {
    const { commands } = situationOf({ ...both, rollout }, { service: "web", namespace: "shop", context: "eu" });
    assert.deepEqual(commands, [
      "gray resume --service web -n shop --context eu",
      'gray abort --reason "…" --service web -n shop --context eu',
    ]);
  });

  it("is one line", () => {
    assert.equal(
      situationLine("web", situationOf({ ...both, rollout: { ...rollout, paused: decision } }, {})),
      'web is paused: step 2 of 3, canary at 10 %, paused by carol: lunch. You can type: gray resume | gray abort --reason "…"',
    );
    assert.equal(
      situationLine("web", situationOf({ ...both, tracks: alike }, {})),
      `web is steady: both tracks run ${a}.`,
    );
  });
});
