import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assertServiceArgs } from "../../components/service-args.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

describe("the README", () => {
  it("fits into 120 lines, so that a newcomer reads it", () => {
    assert.ok(read("README.md").trimEnd().split("\n").length <= 120);
  });
});

describe("a program in the documents", () => {
  const programs = ["README.md", ...globSync("docs/how-to/*.md", { cwd: root })].flatMap((file) =>
    [...read(file).matchAll(/new CanaryService\("(\w+)", (\{\n[\s\S]*?\n\})\);/g)].map(
      ([, service = "", args = ""]) => ({
        file,
        service,
        args,
      }),
    ),
  );

  // Those with three dots show only what is new in them.
  for (const { file, service, args } of programs.filter((each) => !each.args.includes("..."))) {
    it(`has a service that is accepted: ${service} in ${file}`, () => {
      const asset = (name: string) => ({ [name]: "level = info\n" });
      assert.doesNotThrow(() => assertServiceArgs(service, new Function("file", `return (${args});`)(asset)));
    });
  }

  it("is found in the README, and where another service and a worker are described", () => {
    const files = new Set(programs.map(({ file }) => file));
    for (const file of ["README.md", "docs/how-to/another-service.md", "docs/how-to/workers.md"])
      assert.ok(files.has(file), file);
  });
});
