import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import type { Finding } from "../../analysis/finding.ts";
import { type Assessment, judge } from "../../analysis/verdict.ts";
import { parseRecord, type Verdict } from "../../record/record.ts";
import { byDriver, finalVerdict, mergeVerdict } from "../../record/verdict-merge.ts";
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
const recorded = (verdict: Verdict["verdict"], by: string): Verdict => ({
  verdict,
  by,
  reason: "so",
  at: "2026-11-01T00:00:00Z",
});

describe("the verdict to write into the record", () => {
  const verdictAfter = (before: Verdict | undefined, { assessment, evidence }: typeof good) =>
    mergeVerdict(before, assessment, evidence, at)?.verdict;

  it("is that of the evidence if the record has none or an undecided one", () => {
    for (const before of [undefined, recorded("undecided", "evidence")]) {
      assert.equal(verdictAfter(before, good), "good");
      assert.equal(verdictAfter(before, bad), "bad");
      assert.equal(verdictAfter(before, undecided), "undecided");
    }
  });

  it("has a reason of one line, whatever text a pod sent", () => {
    const reason = `canary's pod answered \u001b[31m500\n${"x".repeat(2_000_000)}`;
    const word = mergeVerdict(undefined, { ...bad.assessment, reason }, bad.evidence, at);
    for (const reported of [
      word?.reason,
      word?.evidence?.reason,
      finalVerdict({ ...bad.assessment, reason }, undefined, undefined).reason,
    ]) {
      assert.match(reported ?? "", /^canary's pod answered 500 x+…$/);
      assert.equal(reported?.length, 300);
    }
  });

  it("becomes bad by evidence, whatever the author of the good verdict", () => {
    for (const by of ["evidence", "alice"]) assert.equal(verdictAfter(recorded("good", by), bad), "bad");
  });

  it("stays bad whatever the evidence shows later", () => {
    for (const by of ["evidence", "alice"]) {
      assert.equal(verdictAfter(recorded("bad", by), good), undefined);
      assert.equal(verdictAfter(recorded("bad", by), undecided), undefined);
    }
  });

  it("stays a person's good when the evidence is good or undecided", () => {
    assert.equal(verdictAfter(recorded("good", "alice"), good), undefined);
    assert.equal(verdictAfter(recorded("good", "alice"), undecided), undefined);
  });

  it("includes its numbers, in a form that can be read again from the record", () => {
    const written = mergeVerdict(undefined, bad.assessment, bad.evidence, at);
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

  it("lists at most three streams, the decisive one first, and their total count", () => {
    const evidence = new Evidence({ canary, stable: [stable], pairs: ["orders", "payments"] });
    const pairs = { orders: { bad: 5, total: 20 }, payments: { bad: 0, total: 20 } };
    for (let second = 1; second <= 10; second++) {
      const slower = { 0.1: 9, 0.5: 3, 1: 1 };
      evidence.observe(
        tick(second, { failed: 9, pairs, slower }, { pairs: { ...pairs, orders: { bad: 0, total: 20 } }, slower }),
      );
    }
    const numbers = mergeVerdict(undefined, judge(evidence, 10_000), evidence, at)?.evidence;
    const streams = numbers?.streams as { stream: string }[];
    assert.deepEqual([streams.length, streams[0]?.stream, streams[1]?.stream], [3, "5xx", "orders"]);
    assert.equal(numbers?.streamCount, 8);
    assert.ok(JSON.stringify(numbers).length < 1500, JSON.stringify(numbers));
  });
});

describe("the numbers of a verdict", () => {
  const finding = (stream: string, changes: Partial<Finding> = {}): Finding => ({
    stream,
    kind: "status",
    canary: { events: 0, exposure: 100 },
    stable: { events: 0, exposure: 900 },
    lower: 0,
    upper: Infinity,
    logWorse: 0,
    logFine: 0,
    badTicks: 0,
    dispersion: 1,
    alphaShare: 0.25,
    symptom: "answers 5xx",
    aboveFloor: true,
    ...changes,
  });
  const numbersOf = (verdict: Assessment["verdict"], findings: readonly Finding[]) =>
    mergeVerdict(undefined, { verdict, reason: "so", logWorse: 1, pValue: 0.5, findings }, good.evidence, at)?.evidence;
  const namesOf = (verdict: Assessment["verdict"], findings: readonly Finding[]) =>
    ((numbersOf(verdict, findings)?.streams ?? []) as Finding[]).map(({ stream }) => stream);

  it("are those of the evidence and of the streams, rounded, and null where they have no bound", () => {
    const { alpha, margin, limit, beta, tolerance, floor } = good.evidence.settings;
    const numbers = {
      ratio: 2.12345,
      lower: 0.12345,
      upper: 12.345,
      logWorse: Math.log(1000),
      logFine: Math.log(0.05),
    };
    assert.deepEqual(numbersOf("good", [finding("5xx", numbers), finding("orders", { lower: -Infinity })]), {
      verdict: "good",
      reason: "so",
      comparedWith: [stable],
      seconds: 70,
      requests: { canary: 1400, stable: 12_600 },
      failed: { canary: 0, stable: 0 },
      pValue: 0.5,
      settings: { alpha, margin, limit, beta, tolerance, floor },
      streamCount: 2,
      streams: [
        { stream: "5xx", ratio: 2.12, lower: 0.123, upper: 12.3, log10Worse: 3, log10Fine: -1.3 },
        { stream: "orders", ratio: null, lower: null, upper: null, log10Worse: 0, log10Fine: 0 },
      ],
    });
  });

  it("are of the streams with the strongest evidence against a bad release, by their share of alpha", () => {
    const streams = [
      finding("small", { logWorse: 5, alphaShare: 0.001 }),
      finding("below the floor", { logWorse: 99, aboveFloor: false }),
      finding("strong", { logWorse: 4 }),
      finding("weak", { logWorse: 1, logFine: -9 }),
    ];
    assert.deepEqual(namesOf("bad", streams), ["strong", "weak", "small"]);
  });

  it("are of the streams furthest from good otherwise", () => {
    const streams = [
      finding("near", { logFine: 3 }),
      finding("nearest", { logFine: 4, logWorse: 9 }),
      finding("far", { logFine: -2 }),
      finding("middle", { logFine: 1 }),
    ];
    for (const verdict of ["good", "undecided"] as const) {
      assert.deepEqual(namesOf(verdict, streams), ["far", "middle", "near"]);
    }
  });
});

describe("the author of what the driver decides", () => {
  it("is gray, as in the records that are stored", () => assert.equal(byDriver, "gray"));
});

describe("the result of an observation", () => {
  const verdictOf = ({ assessment }: typeof good, standing: Verdict | undefined, trouble?: string) =>
    finalVerdict(assessment, standing, trouble).verdict;

  it("is the assessment if the record has the same verdict", () => {
    for (const each of [good, bad, undecided]) {
      const { verdict, reason } = each.assessment;
      assert.deepEqual(finalVerdict(each.assessment, recorded(verdict, "evidence"), undefined), { verdict, reason });
    }
  });

  it("is undecided evidence without a word on the record if that has no verdict", () => {
    const { verdict, reason } = undecided.assessment;
    assert.deepEqual(finalVerdict(undecided.assessment, undefined, undefined), { verdict, reason });
  });

  it("is undecided if the record stays undecided, and reports what the evidence judged", () => {
    const result = finalVerdict(good.assessment, recorded("undecided", "evidence"), undefined);
    assert.deepEqual(result, { verdict: "undecided", reason: `judged good, ${good.assessment.reason}` });
  });

  it("is bad if the record stays bad, and gives the reason why good does not count", () => {
    const result = finalVerdict(good.assessment, recorded("bad", "evidence"), undefined);
    assert.equal(result.verdict, "bad");
    assert.match(
      result.reason,
      /^the verdict in the record \(evidence: so\) is not overruled by good evidence, only by gray approve; /,
    );
    assert.equal(verdictOf(undecided, recorded("bad", "evidence")), "bad");
  });

  it("is good if the record is good and the evidence is undecided", () => {
    const result = finalVerdict(undecided.assessment, recorded("good", "alice"), undefined);
    assert.equal(result.verdict, "good");
    assert.match(
      result.reason,
      /^the verdict in the record \(alice: so\) stays; the evidence now is undecided: canary warms up for another .*$/,
    );
  });

  it("is bad even if it could not be written, and reports that", () => {
    for (const standing of [undefined, recorded("good", "alice")]) {
      const result = finalVerdict(bad.assessment, standing, "no answer");
      assert.equal(result.verdict, "bad");
      assert.match(result.reason, /; it could not be written into the record \(no answer\)$/);
    }
  });

  it("is undecided if good could not be written, because the gate reads the record", () => {
    const result = finalVerdict(good.assessment, undefined, "no answer");
    assert.equal(result.verdict, "undecided");
    assert.match(result.reason, /^judged good, .*could not be written into the record \(no answer\)$/);
    assert.equal(verdictOf(good, recorded("bad", "evidence"), "no answer"), "bad");
  });
});
