import assert from "node:assert/strict";
import fc from "fast-check";
import { fromJavaScript, quickStruct } from "./quick-structs.ts";

describe("a quick Struct", () => {
  it("is what the library makes of an object", () => {
    fc.assert(
      fc.property(
        fc.object({ values: [fc.string(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)] }),
        (object) => {
          const [quick, usual] = [quickStruct(object), fromJavaScript(object)];
          assert.deepEqual(Buffer.from(quick.serializeBinary()), Buffer.from(usual.serializeBinary()));
          assert.deepEqual(quick.toJavaScript(), usual.toJavaScript());
        },
      ),
    );
  });

  it("holds no value that is none of JSON", () => {
    assert.throws(() => quickStruct({ a: undefined }), /a Struct holds no undefined/);
  });
});
