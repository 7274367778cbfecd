import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRecord, stableReleases, withStableHistory } from "../../record/record.ts";
import { wholeRecord as whole } from "../fake/whole-record.ts";
import { verdict } from "../fake/world.ts";

const why = (text: string | undefined) => {
  const reading = parseRecord(text, "uid");
  assert.equal(reading.kind, "unreadable");
  return reading.kind === "unreadable" ? reading.why : "";
};
const changed = (changes: object) => JSON.stringify({ ...whole, ...changes });

describe("reading a record", () => {
  it("gives back what was written", () => {
    assert.deepEqual(parseRecord(JSON.stringify(whole), "uid"), { kind: "read", record: whole });
  });

  for (const [what, text, reason] of [
    ["without its key", undefined, /it has no key "record"/],
    ["that is truncated", JSON.stringify(whole).slice(0, 40), /JSON/],
    ["that is empty", "", /JSON/],
    ["that is JSON but no record", "[]", /must be an object/],
    ["of a newer version", changed({ version: 3 }), /version/],
    ["without a version", changed({ version: undefined }), /version/],
    ["of another cluster", changed({ cluster: "other" }), /it belongs to cluster other and this is uid/],
    ["with an invalid verdict", changed({ verdicts: { b: { ...verdict("good"), verdict: "fine" } } }), /verdict/],
    ["with a verdict without an author", changed({ verdicts: { b: { verdict: "good" } } }), /by/],
    ["with a sequence below 0", changed({ sequence: -1 }), /sequence/],
    ["with an open rollout without its driver", changed({ open: { release: "c", weight: 10 } }), /epoch/],
    ["with a weight over 100", changed({ open: { epoch: 1, release: "c", weight: 101 } }), /weight/],
  ] as [string, string | undefined, RegExp][]) {
    it(`does not read one ${what}, and gives the reason in one line`, () => {
      assert.match(why(text), reason);
      assert.doesNotMatch(why(text), /\n/);
    });
  }

  it("never throws, whatever the text is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.equal(parseRecord(text, "uid").kind, "unreadable");
      }),
    );
  });
});

describe("the stable history", () => {
  const id = fc.constantFrom("a", "b", "c", "d");

  it("ends with the latest release and has each release once", () => {
    fc.assert(
      fc.property(fc.array(id), id, (before, now) => {
        const after = withStableHistory({ ...whole, stableHistory: [...new Set(before)] }, now).stableHistory;
        assert.equal(after.at(-1), now);
        assert.equal(new Set(after).size, after.length);
      }),
    );
  });

  it("has at most a hundred releases, the newest ones", () => {
    const many = Array.from({ length: 150 }, (_, i) => String(i));
    const { stableHistory } = many.reduce(withStableHistory, whole);
    assert.deepEqual(stableHistory, many.slice(50));
  });

  it("leave the rest of the record as it is", () => {
    const { stableHistory: _, ...rest } = withStableHistory(whole, "d");
    const { stableHistory: __, ...before } = whole;
    assert.deepEqual(rest, before);
  });

  it("gives the release that stable ran last", () => {
    assert.equal(stableReleases({ kind: "read", record: whole })[0], "bbbbbbbbbbbb");
    assert.deepEqual(stableReleases({ kind: "absent" }), []);
    assert.deepEqual(stableReleases({ kind: "unreadable", why: "" }), []);
  });
});
