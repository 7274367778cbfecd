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

  it("leave out an old good one, although stable has run its release", () => {
    const { verdicts } = bounded({ ...whole, verdicts: judged(150), stableHistory: ["r0"] });
    assert.equal(Object.keys(verdicts).length, 100);
  });

  it("leave out an old bad one if the release is not among the last hundred that stable has run", () => {
    const stableHistory = Array.from({ length: 101 }, (_, at) => `r${at}`);
    const { verdicts } = bounded({ ...whole, verdicts: judged(250, "bad"), stableHistory });
    assert.deepEqual([verdicts.r0, verdicts.r1?.verdict], [undefined, "bad"]);
  });

  it("have numbers and a sentence each", () => {
    const verdicts = judged(30);
    assert.deepEqual(bounded({ ...whole, verdicts }).verdicts, verdicts);
  });

  it("are the newest twenty if all of them do not fit, to the byte", () => {
    const record = { ...whole, verdicts: judged(30) };
    const names = Object.keys(record.verdicts).map((id) => [id, "x".repeat(253)]);
    const size = Buffer.byteLength(JSON.stringify({ ...record, verdicts: names }, undefined, 2));
    const count = (bytes: number) => Object.keys(bounded(record, bytes).verdicts).length;
    assert.deepEqual([count(size), count(size - 1)], [30, 20]);
  });

  it("leave the rest of the record as it is", () => {
    assert.deepEqual(bounded(whole), whole);
  });
});

describe("the releases in a record", () => {
  const ids = (count: number) => Array.from({ length: count }, (_, at) => `r${at}`);
  const pairs = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "a"]));

  it("are the last hundred that stable has run", () => {
    assert.deepEqual(bounded({ ...whole, stableHistory: ids(101) }).stableHistory, ids(101).slice(1));
  });

  it("include the last hundred that were undone", () => {
    const { replacedBy } = bounded({ ...whole, replacedBy: pairs(ids(101)) });
    assert.deepEqual(replacedBy, pairs(ids(101).slice(1)));
    assert.equal("replacedBy" in bounded(whole), false);
  });
});
