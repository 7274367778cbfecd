import assert from "node:assert/strict";
import { messagesIn } from "../../site/messages-page.ts";

describe("the messages in a source", () => {
  it("have an ellipsis for each value, also for one that has texts with values of its own", () => {
    const begin = "$" + "{";
    const template = `\`Release ${begin}id} of ${begin}names.map((name) => \`${begin}name}!\`).join()} is not stored: choose another.\``;
    const source = `throw new UserError(\n  ${template},\n);`;
    assert.deepEqual(messagesIn(source), ["Release … of … is not stored: choose another."]);
  });

  it("are those that stand there as a text", () => {
    assert.deepEqual(messagesIn('new UserError("It cannot be read \\"here\\": correct it.")'), [
      'It cannot be read "here": correct it.',
    ]);
    assert.deepEqual(messagesIn("new UserError(sentence)"), []);
  });
});
