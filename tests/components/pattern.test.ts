import assert from "node:assert/strict";
import fc from "fast-check";
import { accepts, bucketPattern, cookiePattern, literal, patternFault, wholeValue } from "../../components/pattern.ts";

describe("a regular expression for gateways", () => {
  for (const pattern of [
    "beta-.*",
    "a|b",
    "(?i)yes|on",
    "[^;]+",
    "\\d{1,1000}",
    "\\\\1",
    "\\[?=\\]",
    "[a-z]\\b",
    "(?:a)(b)",
  ]) {
    it(`may be ${pattern}`, () => {
      assert.equal(patternFault(pattern), undefined);
    });
  }

  const refused: [pattern: string, why: RegExp][] = [
    ["", /^it is empty$/],
    ["a(", /^Unterminated group$/],
    ["a)|(b", /Unmatched/],
    ["[b-a]", /out of order/],
    ["a**", /Nothing to repeat/],
    ["\\y", /Invalid escape/],
    ["(?!a)b", /lookahead or lookbehind/],
    ["a(?=b)", /lookahead or lookbehind/],
    ["(?<!a)b", /lookahead or lookbehind/],
    ["(?<=a)b", /lookahead or lookbehind/],
    ["(a)\\1", /backreference/],
    ["(?<x>a)\\k<x>", /backreference/],
    ["\\u0041", /escape that not every gateway supports/],
    ["\\p{Script=Greek}", /escape that not every gateway supports/],
    ["a[]", /empty class/],
    ["[a\\b]", /inside a class/],
    ["[xyz\\b]", /inside a class/],
    ["[\\b]", /inside a class/],
    ["a{1001}", /repeats more than 1000 times/],
    ["a{1,1001}", /repeats more than 1000 times/],
    ["é", /not printable ASCII/],
    ["a\nb", /not printable ASCII/],
  ];
  for (const [pattern, why] of refused) {
    it(`may not be ${JSON.stringify(pattern)}`, () => {
      assert.match(patternFault(pattern) ?? "taken", why);
    });
  }

  it("matches the whole value, even in gateways that search in the value", () => {
    const pattern = wholeValue("a|b");
    assert.deepEqual(
      ["a", "b", "ab", "xa"].map((text) => accepts(pattern, text)),
      [true, true, false, false],
    );
    assert.ok(accepts(wholeValue("(?i)yes"), "YES"));
    assert.equal(wholeValue("(?i)yes"), "(?i)^(?:yes)$");
  });

  it("matches exactly its original text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), fc.string({ unit: "grapheme-ascii" }), (text, other) => {
        assert.equal(accepts(`^${literal(text)}$`, other), text === other);
        assert.ok(accepts(`^${literal(text)}$`, text));
      }),
    );
  });
});

describe("a bucket", () => {
  for (const [below, pattern] of [
    [5, "0?[0-4]"],
    [10, "[0-0]?[0-9]"],
    [25, "[0-1]?[0-9]|2[0-4]"],
    [100, "[0-9]?[0-9]"],
  ] as const) {
    it(`below ${below} is ${pattern}`, () => assert.equal(bucketPattern(below), pattern));
  }

  it("holds exactly the numbers below its limit, with or without a leading zero", () => {
    for (let below = 1; below <= 100; below++) {
      const pattern = wholeValue(bucketPattern(below));
      assert.equal(patternFault(pattern), undefined);
      for (let number = 0; number <= 120; number++) {
        assert.equal(accepts(pattern, String(number)), number < below, `${number} below ${below}`);
        assert.equal(accepts(pattern, String(number).padStart(2, "0")), number < below, `0${number} below ${below}`);
      }
      for (const text of ["", "-1", "1.0", "x", " 1", "000"]) assert.ok(!accepts(pattern, text), `"${text}"`);
    }
  });
});

describe("a cookie", () => {
  const found = (header: string) => accepts(cookiePattern("a.b", literal("1")), header);

  it("is found at every place among other cookies", () => {
    for (const header of ["a.b=1", "a.b=1; c=2", "c=2; a.b=1", "c=2; a.b=1; d=3", "c=2;a.b=1"])
      assert.ok(found(header), header);
  });

  it("does not match a longer name or another value", () => {
    for (const header of ["aXb=1", "xa.b=1", "a.b=12", "a.b=", "c=a.b=1", "A.B=1", ""])
      assert.ok(!found(header), header);
  });
});
