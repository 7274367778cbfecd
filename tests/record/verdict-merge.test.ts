import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import { judge } from "../../analysis/verdict.ts";
import { parseRecord, type Verdict } from "../../record/record.ts";
import { judgement, outcome } from "../../record/verdict-merge.ts";
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
  reason: "so",
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

  it("has a reason of one line, whatever a pod said", () => {
    const reason = `canary's pod answered \u001b[31m500\n${"x".repeat(2_000_000)}`;
    const word = judgement(undefined, { ...bad.assessment, reason }, bad.evidence, at);
    for (const told of [
      word?.reason,
      word?.evidence?.reason,
      outcome({ ...bad.assessment, reason }, undefined, undefined).reason,
    ]) {
      assert.match(told ?? "", /^canary's pod answered 500 x+…$/);
      assert.equal(told?.length, 300);
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
    const record = { version: 2, cluster: "c", sequence: 0, verdicts: { [canary]: written }, stableHistory: [] };
    const reading = parseRecord(JSON.stringify(record), "c");
    assert.equal(reading.kind, "read");
    const { evidence, by, reason } = reading.record.verdicts[canary] as Verdict;
    assert.equal(by, "evidence");
    assert.equal(reason, bad.assessment.reason);
    assert.deepEqual(evidence?.requests, { canary: 200, stable: 1800 });
    assert.deepEqual(evidence?.failed, { canary: 10, stable: 0 });
    assert.deepEqual(evidence?.comparedWith, [stable]);
  });

  it("tells at most three streams, first the one that decided, and how many there were", () => {
    const evidence = new Evidence({ canary, stable: [stable], pairs: ["orders", "payments"] });
    const pairs = { orders: { bad: 5, total: 20 }, payments: { bad: 0, total: 20 } };
    for (let second = 1; second <= 10; second++) {
      const slower = { 0.1: 9, 0.5: 3, 1: 1 };
      evidence.observe(
        tick(second, { failed: 9, pairs, slower }, { pairs: { ...pairs, orders: { bad: 0, total: 20 } }, slower }),
      );
    }
    const numbers = judgement(undefined, judge(evidence, 10_000), evidence, at)?.evidence;
    const streams = numbers?.streams as { stream: string }[];
    assert.deepEqual([streams.length, streams[0]?.stream, streams[1]?.stream], [3, "5xx", "orders"]);
    assert.equal(numbers?.streamCount, 8);
    assert.ok(JSON.stringify(numbers).length < 1500, JSON.stringify(numbers));
  });
});

describe("what an observation comes to", () => {
  const wordOf = ({ assessment }: typeof good, standing: Verdict | undefined, trouble?: string) =>
    outcome(assessment, standing, trouble).verdict;

  it("is what was found, where the record holds just that", () => {
    for (const each of [good, bad, undecided]) {
      const { verdict, reason } = each.assessment;
      assert.deepEqual(outcome(each.assessment, said(verdict, "evidence"), undefined), { verdict, reason });
    }
  });

  it("is bad where the record keeps bad, and says why good does not count", () => {
    const came = outcome(good.assessment, said("bad", "evidence"), undefined);
    assert.equal(came.verdict, "bad");
    assert.match(
      came.reason,
      /^the record says so \(evidence: so\), which good by evidence does not overrule, but gray/,
    );
    assert.equal(wordOf(undecided, said("bad", "evidence")), "bad");
  });

  it("is good where the record says so and nothing was decided now", () => {
    const came = outcome(undecided.assessment, said("good", "alice"), undefined);
    assert.equal(came.verdict, "good");
    assert.match(came.reason, /^the record says so \(alice: so\); now it is undecided: canary has .* warm-up left$/);
  });

  it("is bad even where that could not be written, and says so", () => {
    for (const standing of [undefined, said("good", "alice")]) {
      const came = outcome(bad.assessment, standing, "no answer");
      assert.equal(came.verdict, "bad");
      assert.match(came.reason, /; the record could not be written and does not say so \(no answer\)$/);
    }
  });

  it("is undecided where good could not be written: the gate does not know of it", () => {
    const came = outcome(good.assessment, undefined, "no answer");
    assert.equal(came.verdict, "undecided");
    assert.match(came.reason, /^found good, .*could not be written and does not say so \(no answer\)$/);
    assert.equal(wordOf(good, said("bad", "evidence"), "no answer"), "bad");
  });
});
