import assert from "node:assert/strict";
import { look, stepsOf } from "../../harness/page.ts";

const block = (head: string, ...lines: string[]) => `\`\`\`${head}\n${lines.join("\n")}\n\`\`\`\n`;

describe("the steps of a page", () => {
  it("are the commands of its blocks sh, one a line, without comments", () => {
    const page = `Run:\n\n${block("sh", "npm install   # once", "", "# Then:", "gray approve 1 --reason '#1'")}\nDone.\n`;
    assert.deepEqual(stepsOf(page), [
      { kind: "type", terminal: "first", command: "npm install" },
      { kind: "type", terminal: "first", command: "gray approve 1 --reason '#1'" },
    ]);
  });

  it("are what the command before them prints, without its alignment", () => {
    assert.deepEqual(stepsOf(block("text", "  a    b", "", "c")), [
      { kind: "see", terminal: "first", lines: ["a b", "c"] },
    ]);
  });

  it("may be in the second terminal", () => {
    assert.deepEqual(stepsOf(block("sh {second terminal}", "gray status")), [
      { kind: "type", terminal: "second", command: "gray status" },
    ]);
  });

  it("are files, by the name in the comment that they begin with", () => {
    assert.deepEqual(stepsOf(block("yaml", "# Pulumi.yaml", "name: web")), [
      { kind: "write", file: "Pulumi.yaml", text: "# Pulumi.yaml\nname: web\n" },
    ]);
    assert.deepEqual(stepsOf(block("ts", "// index.ts", "export {};")), [
      { kind: "write", file: "index.ts", text: "// index.ts\nexport {};\n" },
    ]);
  });

  it("are changes of a file, with the lines around them", () => {
    assert.deepEqual(stepsOf(block("diff", "--- index.ts", "   {", '-    image: "a",', '+    image: "b",')), [
      { kind: "change", file: "index.ts", from: '  {\n    image: "a",\n', to: '  {\n    image: "b",\n' },
    ]);
  });

  it("are nothing else, so that no block of a page is left out unseen", () => {
    assert.throws(() => stepsOf(block("ts", "export {};")), /block ts does not begin with the name of its file/);
    assert.throws(() => stepsOf(block("diff", "+ a")), /diff does not begin with ---/);
    assert.throws(() => stepsOf(block("sh {third terminal}", "gray")), /unknown mark \{third terminal\}/);
  });
});

describe("what a page says is printed", () => {
  it("is found in its order, between other lines", () => {
    assert.deepEqual(look(["a b", "c"], "x\n a   b \ny\nc\n"), {});
    assert.deepEqual(look(["c", "a b"], "a b\nc\n"), { missing: "a b" });
  });

  it("is the whole line, but for the places with an ellipsis", () => {
    assert.deepEqual(look(["canary …% of …"], "canary 25 % of the users"), {});
    assert.deepEqual(look(["canary"], "canary 25 %"), { missing: "canary" });
  });

  it("is compared without colours, and as text", () => {
    assert.deepEqual(look(["1 + 1 (ok)"], "\u001b[32m1 + 1\u001b[0m (ok)"), {});
    assert.deepEqual(look(["a.c"], "abc"), { missing: "a.c" });
  });

  it("names a release by its id, the same wherever a line repeats it", () => {
    assert.deepEqual(look(["release <id> is new"], "release 0123456789ab is new"), { id: "0123456789ab" });
    assert.deepEqual(look(["<id> is <id>"], "0123456789ab is 0123456789ac"), { missing: "<id> is <id>" });
    assert.deepEqual(look(["<id>", "<id>"], "0123456789ab\n0123456789ac"), { id: "0123456789ac" });
  });
});
