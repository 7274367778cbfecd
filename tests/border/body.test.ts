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
  it("is read as text, also where a character comes in two parts", async () => {
    const euro = Buffer.from("a€b");
    assert.equal(await textOf(bytes(euro.subarray(0, 2), euro.subarray(2)), 5), "a€b");
  });

  it("is given up as soon as it is longer than its limit", async () => {
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

  it("is given as it comes", async () => {
    assert.deepEqual(await all(textIn(bytes("a", "", "b"), 2)), ["a", "b"]);
  });
});

describe("the beginning of a text", () => {
  it("is as long as its limit, or the whole of a shorter one, and what follows is let go", async () => {
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
  it("come whole, wherever the body was divided", async () => {
    assert.deepEqual(await linesOf(10, "a\nb", "c", "\n\nd"), ["a", "bc", "", "d"]);
  });

  it("are cut off where they are too long, and the next one is whole", async () => {
    assert.deepEqual(await linesOf(3, "abcdef\ngh", "ijkl", "mn\nop\nqrst"), ["abc", "ghi", "op", "qrs"]);
  });

  it("are held in no more memory than the limit", async () => {
    async function* endless() {
      for (let i = 0; i < 200; i++) yield Buffer.alloc(1 << 20, "x");
      yield Buffer.from("\nend\n");
    }
    assert.deepEqual(await all(linesIn(endless(), 5)), ["xxxxx", "end"]);
  });
});
