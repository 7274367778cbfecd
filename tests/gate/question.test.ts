import assert from "node:assert/strict";
import type { AdmissionCode } from "../../gate/gate.ts";
import { askGate, type Known } from "../../gate/question.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import type { RecordReading, RolloutRecord } from "../../record/record.ts";
import { verdict } from "../fake/world.ts";

const [a, b, c] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"];
const deployment = (release: string, available = 3): DeploymentObject => ({
  metadata: { name: "web", namespace: "shop", uid: "uid", generation: 1 },
  spec: { replicas: 3, selector: {}, template: { metadata: { labels: { release } }, spec: { containers: [] } } },
  status: { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: available },
});
const record = (changes: Partial<RolloutRecord> = {}): RecordReading => ({
  kind: "read",
  record: { version: 2, cluster: "uid", sequence: 0, verdicts: {}, stableHistory: [], ...changes },
});
const readRecordOf = (verdicts: RolloutRecord["verdicts"]): RolloutRecord => ({
  ...{ version: 2, cluster: "uid", sequence: 0, stableHistory: [] },
  verdicts,
});
const lost = { kind: "unreadable", why: "it is missing" } as const;
const absent: RecordReading = { kind: "absent" };
/** Stable is about to change to b for the first time. */
const known: Known = {
  service: "web",
  namespace: "shop",
  record: absent,
  stableHasHistory: false,
  deployments: {},
  own: undefined,
  canaryIsComing: false,
  breakGlass: undefined,
  epoch: undefined,
};

describe("the question to the gate", () => {
  const rows: [sentence: string, changes: Partial<Known>, code: AdmissionCode][] = [
    ["says what the track runs", { deployments: { stable: deployment(b) } }, "rollback"],
    ["says what the track last ran by the record", { record: record({ stableHistory: [a, b] }) }, "rollback"],
    [
      "says what the track last ran by the stack state",
      { own: { namespace: "dora-apps", cluster: "uid", current: { stable: b }, history: [] } },
      "rollback",
    ],
    ["says that stable's roll was complete", { deployments: { stable: deployment(a) } }, "no-record"],
    [
      "says that stable's roll was never complete",
      { deployments: { stable: deployment(a, 2), canary: deployment(b) } },
      "first-install",
    ],
    ["says that there is no stable yet", { deployments: { canary: deployment(b) } }, "first-install"],
    ["says that stable has a history", { stableHasHistory: true }, "no-record"],
    ["says that canary runs the release completely", { deployments: { canary: deployment(b) } }, "first-install"],
    [
      "says that canary does not run it completely yet",
      { deployments: { canary: deployment(b, 2) } },
      "canary-not-available",
    ],
    ["says that canary runs another release", { deployments: { canary: deployment(c) } }, "canary-not-available"],
    ["says that there is no canary", {}, "canary-not-available"],
    ["says that canary is about to run it", { canaryIsComing: true }, "first-install"],
    ["has the record's verdicts", { record: record({ verdicts: { [b]: verdict("good") } }) }, "judged-good"],
    [
      "has no verdict that can be read, if that of the release is lost",
      { record: { kind: "read", record: readRecordOf({ [b]: verdict("good") }), lost: { [b]: lost } } },
      "record-unreadable",
    ],
    [
      "has its verdict, if that of another release is lost",
      { record: { kind: "read", record: readRecordOf({ [b]: verdict("good") }), lost: { [a]: lost } } },
      "judged-good",
    ],
    ["has the reason of a break-glass override", { breakGlass: "fire" }, "break-glass"],
    [
      "is not that of the driver without an epoch",
      { record: record({ open: { epoch: 7, release: c } }) },
      "rollout-open",
    ],
    ["has the driver's epoch", { record: record({ open: { epoch: 7, release: c } }), epoch: 7 }, "no-verdict"],
  ];
  for (const [sentence, changes, code] of rows) {
    it(sentence, () => assert.equal(askGate({ ...known, ...changes }, "stable", b).code, code));
  }

  it("is about the track that is named", () => {
    const deployments = { canary: deployment(c), stable: deployment(b) };
    assert.equal(askGate({ ...known, deployments }, "canary", b).code, "canary-goes-first");
    assert.match(askGate({ ...known, deployments }, "canary", b).sentence, /^web canary: release b{12} /);
  });
});
