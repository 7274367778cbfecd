import assert from "node:assert/strict";
import fc from "fast-check";
import { convertEach, renamed } from "../../border/renamed-fields.ts";

describe("stored fields", () => {
  it("get new names and keep their values, whatever else is stored beside them", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (others, value) => {
        const { old: _, next: __, ...rest } = others;
        assert.deepEqual(renamed({ ...rest, old: value }, { old: "next" }), { ...rest, next: value });
      }),
    );
    assert.deepEqual(renamed({ constructor: 1, toString: 2 }, { old: "next" }), { constructor: 1, toString: 2 });
    for (const other of ["old", null, [1]]) assert.equal(renamed(other, { old: "next" }), other);
  });

  it("are converted in lists and objects, and nothing else is", () => {
    const convert = (value: unknown) => [value];
    assert.deepEqual(convertEach([1, 2], convert), [[1], [2]]);
    assert.deepEqual(convertEach({ a: 1 }, convert), { a: [1] });
    assert.equal(convertEach("text", convert), "text");
  });
});
