import assert from "node:assert/strict";
import { join } from "node:path";
import { decisionPages } from "../../site/decisions-page.ts";

describe("the decisions", () => {
  const pages = decisionPages(join(import.meta.dirname, "../.."));

  it("are numbered from 1 without a gap, each number once", () => {
    const numbers = pages.flatMap(({ records }) => records.map(({ number }) => number)).sort((a, b) => a - b);
    assert.ok(numbers.length > 100);
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => at + 1),
    );
  });

  it("stand on pages with a subject", () => {
    assert.deepEqual(
      pages.filter(({ title, records }) => title === "" || records.length === 0).map(({ file }) => file),
      [],
    );
  });
});
