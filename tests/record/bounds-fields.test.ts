import assert from "node:assert/strict";
import * as v from "valibot";
import { bytesOf, growing, jsonOf, textOf, timeSchema } from "../../record/bounds.ts";

/** Fields of a newer version beside the field `known`. */
const read = (added: object, bytes: number) =>
  v.parse(growing({ known: v.string() }, bytes), { known: "x".repeat(5000), ...added });
const addedOf = ({ known: _, ...added }: ReturnType<typeof read>) => added;

describe("fields of a newer version", () => {
  it("stay as they are if they fit, to the byte, also long texts and several lines", () => {
    const added = { mood: "fine\nvery", notes: "n".repeat(9000) };
    assert.deepEqual(addedOf(read(added, bytesOf(added))), added);
  });

  it("are cut if they do not fit: a long text to one line of 4096 characters", () => {
    const added = { notes: "n\n".repeat(9000) };
    const { notes } = addedOf(read(added, bytesOf(added) - 1)) as typeof added;
    assert.equal(notes.length, 4096);
    assert.match(notes, /^n n n .*…$/);
  });

  it("are cut at any depth, and other values stay", () => {
    const long = "n".repeat(9000);
    const short = `${"s".repeat(4094)}\ns`;
    const added = { deep: { list: [long, 1, null], none: null, short, yes: true } };
    const cut = `${"n".repeat(4095)}…`;
    assert.deepEqual(addedOf(read(added, 10_000)), { deep: { list: [cut, 1, null], none: null, short, yes: true } });
  });

  it("are left out if they do not fit, the largest first, to the byte", () => {
    const added = { large: "l".repeat(300), small: "s".repeat(100), middle: "m".repeat(200), huge: "h".repeat(4000) };
    const sizeOf = (...names: (keyof typeof added)[]) =>
      names.reduce((sum, name) => sum + bytesOf([name, added[name]]), 0);
    const namesAt = (bytes: number) => Object.keys(addedOf(read(added, bytes)));
    assert.deepEqual(namesAt(sizeOf("small", "middle", "large")), ["small", "middle", "large"]);
    assert.deepEqual(namesAt(sizeOf("small", "middle", "large") - 1), ["small", "middle"]);
    assert.deepEqual(namesAt(sizeOf("small")), ["small"]);
    assert.deepEqual(namesAt(sizeOf("small") - 1), []);
  });

  it("never cost a field that this version knows", () => {
    assert.equal(read({ huge: "h".repeat(9000) }, 1).known.length, 5000);
    assert.deepEqual(read({ huge: "h".repeat(9000) }, 1), { known: "x".repeat(5000) });
  });
});

describe("values in a record", () => {
  it("are indented by 2, and measured so, in bytes", () => {
    assert.equal(jsonOf({ a: [1] }), '{\n  "a": [\n    1\n  ]\n}');
    assert.equal(bytesOf({ a: "ä" }), Buffer.byteLength('{\n  "a": "ä"\n}'));
  });

  it("are texts of one line, of 300 characters by default", () => {
    assert.equal(v.parse(textOf(), "a\nb"), "a b");
    assert.equal(v.parse(textOf(), "x".repeat(301)).length, 300);
    assert.equal(v.parse(textOf(5), "x".repeat(301)), "xxxx…");
  });

  it("are times with a date and a zone", () => {
    assert.equal(v.parse(timeSchema, "2026-01-31T12:00:00Z"), "2026-01-31T12:00:00Z");
    assert.throws(() => v.parse(timeSchema, "yesterday"), /^ValiError: must be a time, like 2026-01-31T12:00:00Z$/);
  });
});
