import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../../policies/engine/rules.ts";

describe("the page on policies", () => {
  it("has every rule, with its severity, what holds and what there is to set", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/policies.md"), "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const cells = rows.map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    const expected = rules.map(({ name, severity, level, description, settings }) => [
      `\`${name}\``,
      level === undefined ? severity : `${severity}, ${level}`,
      description,
      Object.keys(settings?.entries ?? {})
        .map((key) => `\`${key}\``)
        .join(", "),
    ]);
    assert.deepEqual(cells, expected);
  });
});
