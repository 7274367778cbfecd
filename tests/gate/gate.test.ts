import assert from "node:assert/strict";
import { type AdmissionCode, decideAdmission, frontHeld, type Question } from "../../gate/gate.ts";
import type { RecordReading, RolloutRecord } from "../../record/record.ts";
import { verdict } from "../fake/world.ts";

const a = "aaaaaaaaaaaa";
const b = "bbbbbbbbbbbb";

const read = (changes: Partial<RolloutRecord> = {}): RecordReading => ({
  kind: "read",
  record: { version: 2, cluster: "uid", sequence: 0, verdicts: {}, stableHistory: [], ...changes },
});
const unreadable: RecordReading = { kind: "unreadable", why: "damaged" };
const absent: RecordReading = { kind: "absent" };
const open = { epoch: 7, release: b, weight: 10 };

/** Release b is asked for where stable runs a and the record says nothing of b. */
const ordinary: Question = {
  service: "web",
  namespace: "shop",
  track: "stable",
  release: b,
  live: a,
  ran: [a],
  complete: true,
  record: read({ stableHistory: [a] }),
  stableHasHistory: true,
  canary: "available",
};
/** Nothing of stable has ever been here. */
const firstInstall: Question = {
  service: "web",
  namespace: "shop",
  track: "stable",
  release: b,
  ran: [],
  complete: false,
  record: absent,
  stableHasHistory: false,
  canary: "available",
};

type Row = [sentence: string, changes: Partial<Question>, admitted: boolean, code: AdmissionCode];

/** By the numbers of the conditions of `decideAdmission`. */
const conditions: [condition: string, rows: Row[]][] = [
  [
    "1. A rollback is always admitted",
    [
      ["the release that the live Deployment runs is admitted", { live: b }, true, "rollback"],
      ["the release that the track last ran completely is admitted", { ran: [b] }, true, "rollback"],
      ["even with an unreadable record", { ran: [b], record: unreadable }, true, "rollback"],
      ["even without a record", { live: b, record: absent }, true, "rollback"],
      ["even while a rollout is open", { ran: [b], record: read({ open }) }, true, "rollback"],
      [
        "even to a release judged bad, which may be the only one left",
        { live: b, record: read({ verdicts: { [b]: verdict("bad") } }) },
        true,
        "rollback",
      ],
      ["it needs no break glass", { live: b, breakGlass: "fire" }, true, "rollback"],
      ["a rollback of canary is admitted too", { track: "canary", live: b, record: unreadable }, true, "rollback"],
    ],
  ],
  [
    "2. A break-glass override is admitted",
    [
      ["without a verdict", { breakGlass: "fire" }, true, "break-glass"],
      ["with an unreadable record", { breakGlass: "fire", record: unreadable }, true, "break-glass"],
      ["while a rollout is open", { breakGlass: "fire", record: read({ open }) }, true, "break-glass"],
      [
        "for a release judged bad",
        { breakGlass: "fire", record: read({ verdicts: { [b]: verdict("bad") } }) },
        true,
        "break-glass",
      ],
      ["not without a reason", { breakGlass: "" }, false, "no-verdict"],
    ],
  ],
  [
    "3. While a rollout is open, only its driver may change a track",
    [
      ["another driver is refused", { record: read({ open }), epoch: 6 }, false, "rollout-open"],
      ["a bare up is refused", { record: read({ open }) }, false, "rollout-open"],
      [
        "a bare up is refused even with a good verdict",
        { record: read({ open, verdicts: { [b]: verdict("good") } }) },
        false,
        "rollout-open",
      ],
      ["a bare up of canary is refused", { track: "canary", record: read({ open }) }, false, "rollout-open"],
      [
        "the driver passes on to the verdict",
        { record: read({ open, verdicts: { [b]: verdict("good") } }), epoch: 7 },
        true,
        "judged-good",
      ],
      ["the driver needs a verdict as well", { record: read({ open }), epoch: 7 }, false, "no-verdict"],
      [
        "the driver may not release what was judged bad",
        { record: read({ open, verdicts: { [b]: verdict("bad") } }), epoch: 7 },
        false,
        "judged-bad",
      ],
      ["the driver may try canary", { track: "canary", record: read({ open }), epoch: 7 }, true, "canary-goes-first"],
      [
        "the driver may roll stable back",
        { ran: [b], record: read({ open, verdicts: { [b]: verdict("bad") } }), epoch: 7 },
        true,
        "rollback",
      ],
    ],
  ],
  [
    "4. A release judged bad is refused",
    [
      ["on stable", { record: read({ verdicts: { [b]: verdict("bad") } }) }, false, "judged-bad"],
      ["on canary", { track: "canary", record: read({ verdicts: { [b]: verdict("bad") } }) }, false, "judged-bad"],
      [
        "though stable once ran it completely",
        { record: read({ verdicts: { [b]: verdict("bad") }, stableHistory: [b, a] }) },
        false,
        "judged-bad",
      ],
    ],
  ],
  [
    "5. A release judged good, or once run completely, is admitted",
    [
      ["judged good", { record: read({ verdicts: { [b]: verdict("good") } }) }, true, "judged-good"],
      ["once run completely by stable", { record: read({ stableHistory: [b, a] }) }, true, "ran-before"],
      [
        "once run completely, though its verdict was undecided",
        { record: read({ stableHistory: [b, a], verdicts: { [b]: verdict("undecided") } }) },
        true,
        "ran-before",
      ],
      [
        "judged good, though canary does not run it now",
        { record: read({ verdicts: { [b]: verdict("good") } }), canary: "not-available" },
        true,
        "judged-good",
      ],
      [
        "a good verdict of another release admits nothing",
        { record: read({ verdicts: { [a]: verdict("good") } }) },
        false,
        "no-verdict",
      ],
      [
        "an undecided verdict admits nothing",
        { record: read({ verdicts: { [b]: verdict("undecided") } }) },
        false,
        "no-verdict",
      ],
    ],
  ],
  [
    "6. Otherwise canary is admitted, and prod on the first install only",
    [
      ["canary is admitted", { track: "canary" }, true, "canary-goes-first"],
      ["canary is admitted without a record", { track: "canary", record: absent }, true, "canary-goes-first"],
      ["an unreadable record refuses canary", { track: "canary", record: unreadable }, false, "record-unreadable"],
      ["an unreadable record refuses prod", { record: unreadable }, false, "record-unreadable"],
      [
        "an unreadable record refuses a first install",
        { ...firstInstall, record: unreadable },
        false,
        "record-unreadable",
      ],
      ["prod is refused without a verdict", {}, false, "no-verdict"],
      [
        "prod is refused if the record was deleted and stable is live",
        { record: absent, stableHasHistory: false },
        false,
        "no-record",
      ],
      [
        "prod is refused if the record was deleted and its stack state holds a release",
        { record: absent, live: undefined },
        false,
        "no-record",
      ],
      [
        "prod is refused if Deployment and history were deleted and a record exists",
        { ...firstInstall, live: undefined, ran: [], record: read() },
        false,
        "no-verdict",
      ],
      ["the first install is admitted", { ...firstInstall, live: undefined, ran: [] }, true, "first-install"],
      [
        "the first install is admitted if the same up starts canary",
        { ...firstInstall, live: undefined, ran: [], canary: "coming" },
        true,
        "first-install",
      ],
      [
        "the first install is admitted again if stable's roll was never complete",
        { ...firstInstall, live: a, complete: false },
        true,
        "first-install",
      ],
      [
        "the first install is refused if canary is not healthy",
        { ...firstInstall, live: undefined, ran: [], canary: "not-available" },
        false,
        "canary-not-available",
      ],
    ],
  ],
];

describe("the gate", () => {
  for (const [condition, rows] of conditions) {
    describe(condition, () => {
      for (const [sentence, changes, admitted, code] of rows) {
        it(sentence, () => {
          const answer = decideAdmission({ ...ordinary, ...changes });
          assert.deepEqual([answer.admitted, answer.code], [admitted, code]);
        });
      }
    });
  }

  it("names service, track and release in every sentence, and ends it", () => {
    for (const [, rows] of conditions) {
      for (const [row, changes] of rows) {
        const question = { ...ordinary, ...changes };
        const { sentence } = decideAdmission(question);
        assert.ok(sentence.startsWith(`web ${question.track}: release ${b} `), row);
        assert.ok(sentence.endsWith("."), row);
      }
    }
  });

  it("ends every refusal with what to do next", () => {
    for (const [, rows] of conditions) {
      for (const [row, changes, admitted] of rows) {
        if (!admitted)
          assert.match(decideAdmission({ ...ordinary, ...changes }).sentence, /gray |pulumi up|release another/, row);
      }
    }
  });

  it("names who judged and why, and the reason of a break-glass override", () => {
    const { sentence } = decideAdmission({
      ...ordinary,
      record: read({ verdicts: { [b]: verdict("bad", "bob", "5xx") } }),
    });
    assert.match(sentence, /judged bad \(bob: 5xx\)/);
    assert.match(decideAdmission({ ...ordinary, breakGlass: "fire" }).sentence, /override: fire/);
  });

  it("says what helps against an unreadable verdict", () => {
    const record = { ...unreadable, why: "the verdict on b is missing", remedy: "restore it" };
    assert.match(
      decideAdmission({ ...ordinary, record }).sentence,
      /the record in ConfigMap web-rollout cannot be read \(the verdict on b is missing\): restore it\.$/,
    );
  });

  it("does not mistake the name of a JavaScript property for a release", () => {
    const { code } = decideAdmission({ ...ordinary, release: "constructor" });
    assert.equal(code, "no-verdict");
  });
});

describe("the front", () => {
  const bare = { epoch: undefined, breakGlass: undefined };
  const rows: [
    sentence: string,
    record: RecordReading,
    by: { epoch?: number; breakGlass?: string },
    isHeld: boolean,
  ][] = [
    ["may change where no rollout is open", read(), {}, false],
    ["may change without a record", absent, {}, false],
    ["may change with a record that cannot be read", unreadable, {}, false],
    ["is held while a rollout is open", read({ open }), {}, true],
    ["is held against another driver", read({ open }), { epoch: 6 }, true],
    ["may be changed by the driver", read({ open }), { epoch: 7 }, false],
    ["may be changed with break glass", read({ open }), { breakGlass: "fire" }, false],
    ["is held against break glass without a reason", read({ open }), { breakGlass: "" }, true],
  ];
  for (const [sentence, record, by, isHeld] of rows) {
    it(sentence, () => {
      assert.equal(frontHeld({ service: "web", namespace: "shop" }, record, { ...bare, ...by }) !== undefined, isHeld);
    });
  }

  it("that is held says which rollout holds it and what to do", () => {
    assert.equal(
      frontHeld({ service: "web", namespace: "shop" }, read({ open }), bare),
      `web: the weight and the number of canary pods stay as they are while the rollout of ${b} is open: wait until it has ended (gray watch), continue it with gray resume -n shop --service web, or roll it back with gray abort --reason "…" -n shop --service web.`,
    );
  });
});
