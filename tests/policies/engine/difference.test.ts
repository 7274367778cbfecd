import assert from "node:assert/strict";
import { firstDifference } from "../../../policies/engine/difference.ts";

describe("the first difference of two values", () => {
  for (const [sentence, a, b, expected] of [
    ["is none of equal values", { a: [1, { b: null }] }, { a: [1, { b: null }] }, undefined],
    ["is none of a field that is absent on one side and undefined on the other", { a: undefined }, {}, undefined],
    ["is that of two texts", "x", "y", { path: "", a: '"x"', b: '"y"' }],
    ["has the path of fields and items", { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, { path: ".a[0].b", a: "1", b: "2" }],
    ["is the first by the names of fields", { b: 1, a: 1 }, { b: 2, a: 2 }, { path: ".a", a: "1", b: "2" }],
    ["is a field that only one has", { a: 1 }, {}, { path: ".a", a: "1", b: "nothing" }],
    ["is a field that only the other has", {}, { a: 1 }, { path: ".a", a: "nothing", b: "1" }],
    ["is a list in place of an object", { a: [] }, { a: {} }, { path: ".a", a: "[]", b: "{}" }],
    ["is an object in place of a text", { a: {} }, { a: "x" }, { path: ".a", a: "{}", b: '"x"' }],
    ["is a text in place of an object", { a: "x" }, { a: {} }, { path: ".a", a: '"x"', b: "{}" }],
    ["is null in place of an object", { a: null }, { a: {} }, { path: ".a", a: "null", b: "{}" }],
    ["is an object in place of null", { a: {} }, { a: null }, { path: ".a", a: "{}", b: "null" }],
  ] as const) {
    it(sentence, () => assert.deepEqual(firstDifference(a, b), expected));
  }
});
