import assert from "node:assert/strict";
import { canonicalJson, contentHash } from "../../components/canonical.ts";

describe("canonical JSON", () => {
  for (const [sentence, value, expected] of [
    [
      "has sorted keys in whatever order they came",
      { a: 1, c: 2, b: 3, e: 4, d: 5 },
      '{"a":1,"b":3,"c":2,"d":5,"e":4}',
    ],
    ["has sorted keys and no spaces", { b: 1, a: { d: 2, c: 3 } }, '{"a":{"c":3,"d":2},"b":1}'],
    ["omits undefined fields", { a: undefined, b: null }, '{"b":null}'],
    ["has null for an undefined item, as JSON", [undefined, null, 1], "[null,null,1]"],
    ["has texts, numbers and booleans as JSON", ["a\n", 1.5, true, false], '["a\\n",1.5,true,false]'],
    ["is the same for an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ] as const) {
    it(sentence, () => assert.equal(canonicalJson(value), expected));
  }

  for (const value of [new Date(0), Number.NaN, Number.POSITIVE_INFINITY, () => 1, 1n, Symbol("a"), undefined]) {
    it(`refuses ${String(value)}`, () => {
      assert.throws(() => canonicalJson({ a: [{ b: [value ?? Number.NaN] }] }, "pod"), {
        name: "UserError",
        message:
          "pod.a[0].b[0] is not plain JSON: a release contains constants only, so write the value itself, or refer to a Secret with valueFrom.secretKeyRef if the value is confidential.",
      });
      assert.throws(() => canonicalJson(value), /^UserError: value is not plain JSON/);
    });
  }

  it("has a hash of as many hex digits as asked for", () => {
    assert.equal(contentHash({ a: 1 }, 12), "015abd7f5cc5");
    assert.equal(contentHash({ a: 1 }, 4), "015a");
    assert.throws(() => contentHash(Number.NaN, 4, "release"), /^UserError: release is not plain JSON/);
  });
});
