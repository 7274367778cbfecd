import assert from "node:assert/strict";
import { commentedKeys } from "../../site/commented-keys.ts";

const text = `
const schema = object({
  /**
   * The name.
   * @default none
   */
  name: text(),
  other: text(),
  /** The size. */
  size: number(),
});
/** Another. */
const later = 1;
`;

describe("the keys of an object", () => {
  it("are read with their comments and defaults, up to the end of the object", () => {
    assert.deepEqual(commentedKeys(text, "const schema", "\n});"), [
      { name: "name", comment: "The name. Default: none." },
      { name: "size", comment: "The size." },
    ]);
  });

  it("are not read from a file that has changed its form", () => {
    assert.throws(() => commentedKeys(text, "const schema", "\n]);"), /there is no "const schema" followed by/);
  });
});
