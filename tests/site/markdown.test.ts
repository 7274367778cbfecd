import assert from "node:assert/strict";
import { code, prose, table } from "../../site/markdown.ts";

describe("Markdown of the generated pages", () => {
  it("keeps what looks like an element as text, and leaves code as it is", () => {
    assert.equal(prose("run gray approve <id> with `<id>`"), "run gray approve &lt;id> with `<id>`");
  });

  it("keeps what the site would take for a value of its own as text", () => {
    assert.equal(prose("{{ a }}"), "{&#8203;{ a }}");
  });

  it("keeps a cell in its line and its column", () => {
    assert.equal(table(["a"], [["one |\n two"]]), "| a |\n| --- |\n| one \\| two |\n");
  });

  it("shows code with backticks in it", () => {
    assert.equal(code("a`b"), "`` a`b ``");
  });
});
