import assert from "node:assert/strict";
import { bounded } from "../../record/record-retention.ts";
import { wholeRecord as whole } from "../fake/whole-record.ts";
import { verdict } from "../fake/world.ts";

describe("the verdicts in a record", () => {
  const numbers = { verdict: "good", reason: "x".repeat(1000) };
  const day = (at: number) => new Date(Date.UTC(2026, 0, 1 + at)).toISOString();
  const judged = (days: number, word: "good" | "bad" = "good") =>
    Object.fromEntries(
      Array.from({ length: days }, (_, at) => [`r${at}`, { ...verdict(word), at: day(at), evidence: numbers }]),
    );

  it("are the newest hundred, in whatever order they are stored", () => {
    const verdicts = Object.fromEntries(Object.entries(judged(150)).reverse());
    const ids = Object.keys(bounded({ ...whole, verdicts }).verdicts);
    assert.deepEqual(new Set(ids), new Set(Array.from({ length: 100 }, (_, at) => `r${at + 50}`)));
  });

  it("include a bad one of any age if the gate would admit its release without it", () => {
    const open = { epoch: 1, release: "r1", weight: 10 };
    const { verdicts } = bounded({ ...whole, verdicts: judged(150, "bad"), stableHistory: ["r0"], open });
    assert.equal(Object.keys(verdicts).length, 102);
    assert.deepEqual([verdicts.r0?.verdict, verdicts.r1?.verdict, verdicts.r2], ["bad", "bad", undefined]);
  });

  it("have numbers and a sentence each", () => {
    const verdicts = judged(30);
    assert.deepEqual(bounded({ ...whole, verdicts }).verdicts, verdicts);
  });

  it("leave the rest of the record as it is", () => {
    assert.deepEqual(bounded(whole), whole);
  });
});
