import assert from "node:assert/strict";
import { BodyTooLarge, beginningOf, linesIn, textIn, textOf } from "../../border/body.ts";

async function* bytes(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}
async function all(parts: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const part of parts) found.push(part);
  return found;
}
const linesOf = async (limit: number, ...parts: (string | Buffer)[]) => all(linesIn(bytes(...parts), limit));

describe("a body", () => {
  it("is read as text, even if a character is split between two chunks", async () => {
    const euro = Buffer.from("a€b");
    assert.equal(await textOf(bytes(euro.subarray(0, 2), euro.subarray(2)), 5), "a€b");
  });

  it("fails as soon as it exceeds its limit", async () => {
    let sent = 0;
    async function* endless() {
      for (;;) {
        sent++;
        yield Buffer.alloc(1 << 20, "x");
      }
    }
    await assert.rejects(
      textOf(endless(), 2 << 20),
      (error) => error instanceof BodyTooLarge && error.message === "the answer is larger than 2 MiB",
    );
    assert.equal(sent, 3);
  });

  it("is streamed as it arrives", async () => {
    assert.deepEqual(await all(textIn(bytes("a", "", "b"), 2)), ["a", "b"]);
  });
});

describe("the beginning of a text", () => {
  it("is as long as its limit or the whole shorter text, and the rest is discarded", async () => {
    let ended = false;
    async function* text() {
      try {
        for (;;) yield "abc";
      } finally {
        ended = true;
      }
    }
    assert.equal(await beginningOf(text(), 4), "abca");
    assert.ok(ended);
    assert.equal(await beginningOf(textIn(bytes("ab"), 9), 4), "ab");
  });
});

describe("the lines of a body", () => {
  it("are complete, wherever the body was split", async () => {
    assert.deepEqual(await linesOf(10, "a\nb", "c", "\n\nd"), ["a", "bc", "", "d"]);
  });

  it("are cut at the limit, and the next line is complete", async () => {
    assert.deepEqual(await linesOf(3, "abcdef\ngh", "ijkl", "mn\nop\nqrst"), ["abc", "ghi", "op", "qrs"]);
  });

  it("need no more memory than the limit", async () => {
    async function* endless() {
      for (let i = 0; i < 200; i++) yield Buffer.alloc(1 << 20, "x");
      yield Buffer.from("\nend\n");
    }
    assert.deepEqual(await all(linesIn(endless(), 5)), ["xxxxx", "end"]);
  });
});
