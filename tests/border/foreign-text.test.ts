import assert from "node:assert/strict";
import fc from "fast-check";
import { foreignTextLimit, logLine, oneLine } from "../../border/foreign-text.ts";
import { anyCharacter } from "../any-character.ts";

describe("untrusted text", () => {
  it("is not changed if it is one short line", () => {
    assert.equal(oneLine('pods "web-1" not found: größe 3 ≥ 2 👍🏽'), 'pods "web-1" not found: größe 3 ≥ 2 👍🏽');
  });

  it("becomes one line without escape sequences and control characters", () => {
    assert.equal(
      oneLine("\n a\r\n\tb \u001b[31mred\u001b[0m \u001b]0;title\u0007c\u0000d\u2028e\u202ef "),
      "a b red c d e f",
    );
  });

  it("is cut with an ellipsis, and never in the middle of a character", () => {
    assert.equal(oneLine("x".repeat(301)), `${"x".repeat(299)}…`);
    assert.equal(oneLine("x".repeat(300)), "x".repeat(300));
    assert.equal(oneLine(`${"x".repeat(298)}👍👍`), `${"x".repeat(298)}…`);
    assert.equal(oneLine("abcdef", 4), "abc…");
  });

  it("ends with an ellipsis if only the beginning was read", () => {
    assert.equal(oneLine(`a${" ".repeat(10_000)}b`), "a…");
  });

  it("is at most as long as its limit, one line and well-formed for any input", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter, maxLength: 900 }),
        fc.integer({ min: 1, max: 320 }),
        (text, limit) => {
          const line = oneLine(text, limit);
          assert.ok(line.length <= limit);
          assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
          assert.ok(line.isWellFormed());
          assert.equal(oneLine(line, limit), line);
        },
      ),
    );
  });

  it("takes no longer for a long text than for a short one", () => {
    const long = "\u001b[".repeat(1 << 22);
    assert.ok(oneLine(long).length <= foreignTextLimit);
  });
});

describe("a line of an untrusted log", () => {
  it("keeps its spaces and tabs, and no other invisible character", () => {
    assert.equal(logLine("\u001b[31m\t  at  main\u001b[0m\u0007\r\nx \n", 100), "\t  at  main x");
    assert.equal(logLine("a\u0000\tb", 100), "a \tb");
  });

  it("is at most as long as its limit, one line and well-formed for any input", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter, maxLength: 900 }),
        fc.integer({ min: 1, max: 320 }),
        (text, limit) => {
          const line = logLine(text, limit);
          assert.ok(line.length <= limit);
          assert.doesNotMatch(line, /(?!\t)[\p{Cc}\u2028\u2029]/u);
          assert.ok(line.isWellFormed());
        },
      ),
    );
  });
});
