import assert from "node:assert/strict";
import fc from "fast-check";
import { bar, cut, wrapped } from "../../../cli/output/wrap.ts";

describe("a text on a terminal", () => {
  it("is broken between words, with an indent, and keeps its columns", () => {
    assert.deepEqual(wrapped("  a   b and more words", 14, 4), ["  a   b and", "    more words"]);
    assert.deepEqual(wrapped("one\ntwo", 10), ["one", "two"]);
  });

  it("has no line over the width unless one word is longer, and loses no word", () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 16, max: 40 }), (words, width) => {
        const lines = wrapped(words.join(" "), width, 4);
        assert.ok(lines.every((line) => line.length <= width));
        assert.deepEqual(lines.join(" ").split(/ +/), words);
      }),
    );
    assert.deepEqual(wrapped("see https://example.com/a/long/path", 10), ["see", "https://example.com/a/long/path"]);
  });

  it("is cut at the width with an ellipsis", () => {
    assert.equal(cut("a long line", 6), "a lon…");
    assert.equal(cut("short", 6), "short");
  });

  it("has bars that are neither longer than their width nor negative", () => {
    assert.equal(bar(0.25, 8), "██░░░░░░");
    assert.equal(bar(7, 4), "████");
    assert.equal(bar(-1, 4), "░░░░");
  });
});
