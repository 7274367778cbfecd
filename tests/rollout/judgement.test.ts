import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import { judge } from "../../analysis/verdict.ts";
import { judgement } from "../../rollout/judgement.ts";
import { parseRecord, type Verdict } from "../../rollout/record.ts";
import { canary, stable, tick } from "../analysis/ticks.ts";

const at = new Date("2026-11-23T10:00:00Z");
const found = (seconds: number, failed: number) => {
  const evidence = new Evidence({ canary, stable: [stable] });
  for (let second = 1; second <= seconds; second++) evidence.observe(tick(second, { failed }));
  return { evidence, assessment: judge(evidence, seconds * 1000) };
};
const good = found(70, 0);
const bad = found(10, 1);
const undecided = found(5, 0);
const said = (verdict: Verdict["verdict"], by: string): Verdict => ({
  verdict,
  by,
  because: "so",
  at: "2026-11-01T00:00:00Z",
});

describe("the verdict that the record is to hold", () => {
  const wordAfter = (before: Verdict | undefined, { assessment, evidence }: typeof good) =>
    judgement(before, assessment, evidence, at)?.verdict;

  it("is the evidence's where there was none, or only an undecided one", () => {
    for (const before of [undefined, said("undecided", "evidence")]) {
      assert.equal(wordAfter(before, good), "good");
      assert.equal(wordAfter(before, bad), "bad");
      assert.equal(wordAfter(before, undecided), "undecided");
    }
  });

  it("becomes bad by evidence whoever called the release good", () => {
    for (const by of ["evidence", "alice"]) assert.equal(wordAfter(said("good", by), bad), "bad");
  });

  it("stays bad whatever the evidence says later", () => {
    for (const by of ["evidence", "alice"]) {
      assert.equal(wordAfter(said("bad", by), good), undefined);
      assert.equal(wordAfter(said("bad", by), undecided), undefined);
    }
  });

  it("stays a person's good when the evidence is good or undecided", () => {
    assert.equal(wordAfter(said("good", "alice"), good), undefined);
    assert.equal(wordAfter(said("good", "alice"), undecided), undefined);
  });

  it("holds the numbers behind it, in a form that the record can be read back from", () => {
    const written = judgement(undefined, bad.assessment, bad.evidence, at);
    const record = { version: 1, cluster: "c", sequence: 0, verdicts: { [canary]: written }, completed: [] };
    const reading = parseRecord(JSON.stringify(record), "c");
    assert.equal(reading.kind, "read");
    const { evidence, by, because } = reading.record.verdicts[canary] as Verdict;
    assert.equal(by, "evidence");
    assert.equal(because, bad.assessment.because);
    assert.deepEqual(evidence?.requests, { canary: 200, stable: 1800 });
    assert.deepEqual(evidence?.failed, { canary: 10, stable: 0 });
    assert.deepEqual(evidence?.comparedWith, [stable]);
  });
});
