import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

describe("the page on failures", () => {
  const page = readFileSync(join(root, "docs/failures.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| \d+ +\|/.test(line));

  it("has rows, each with a command", () => {
    assert.ok(rows.length > 30);
    assert.deepEqual(
      rows.filter((row) => !/`(t|e|npm run) [^`]+`/.test(row)),
      [],
    );
  });

  for (const row of rows) {
    const [, number] = /^\| (\d+) /.exec(row) ?? [];
    it(`names tests that exist in row ${number}`, () => {
      for (const [, files = "", title = ""] of row.matchAll(/`[te] ([^`"]+?)(?: -g "([^"]+)")?`/g)) {
        const named = files.split(" ").map((file) => globSync(file, { cwd: root }));
        const paths = named.flat();
        assert.ok(
          named.every((found) => found.length > 0),
          `${files} has a file that does not exist`,
        );
        const pattern = new RegExp(title.replaceAll("\\|", "|"));
        assert.ok(
          paths.some((path) => pattern.test(readFileSync(join(root, path), "utf8"))),
          `${files} has no test for -g "${title}"`,
        );
      }
    });
  }
});
