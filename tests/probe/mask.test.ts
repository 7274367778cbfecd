import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { masked, masking } from "../../probe/mask.ts";

describe("a body with secrets", () => {
  const piece = fc.constantFrom("a", "aab", "aa", "b", "ab", "aaba", "c", "");

  it("is masked and keeps its length, however it is split", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece), async (pieces) => {
        const chunks = pieces.map((each) => Buffer.from(each));
        const shown = await text(Readable.from(chunks, { objectMode: false }).pipe(masking(["aab"])));
        assert.equal(shown, masked(pieces.join(""), ["aab"]));
        assert.equal(shown.length, pieces.join("").length);
        assert.ok(!shown.includes("aab"));
      }),
    );
  });

  it("is delayed by no more than the beginning of a secret", () => {
    const mask = masking(["secret"]);
    const out = () => String(mask.read() ?? "");
    mask.write("first se");
    assert.equal(out(), "first ");
    mask.write("cond");
    assert.equal(out(), "second");
  });

  it("is delayed by the beginning of any of its secrets, however short the chunk is", () => {
    const mask = masking(["secret", "token"]);
    const out = () => String(mask.read() ?? "");
    for (const [written, shown] of [
      ["secr", ""],
      ["et to", "****** "],
      ["ken t", "***** "],
      ["he end", "the end"],
    ] as const) {
      mask.write(written);
      assert.equal(out(), shown);
    }
  });

  it("is left as it is if there is no secret", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const passed = await Readable.from([bytes], { objectMode: false }).pipe(masking([])).toArray();
    assert.deepEqual(Buffer.concat(passed), bytes);
  });
});
