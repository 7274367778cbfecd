import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { areas } from "./areas.ts";
import { selectionFor, selectionOf } from "./selection.ts";

describe("what the mutation tester runs", () => {
  for (const area of areas) {
    it(`of ${area.name} has files, and tests for each of them`, () => {
      const { files } = selectionOf(area);
      assert.ok(files.length > 0);
      for (const file of files) assert.ok(selectionFor(file).tests.length > 0, file);
    });
  }

  it("for a file are the tests that import it, first the ones named like it", () => {
    const { files, tests } = selectionFor("analysis/evidence.ts:10-20");
    assert.deepEqual(files, ["analysis/evidence.ts:10-20"]);
    assert.deepEqual(tests.slice(0, 2), ["tests/analysis/evidence.test.ts", "tests/analysis/evidence-size.test.ts"]);
    assert.ok(tests.includes("tests/analysis/verdict.test.ts"));
    assert.ok(!tests.includes("tests/analysis/format.test.ts"));
  });

  it("for a file that no test imports are those that reach it", () => {
    assert.ok(selectionFor("analysis/logarithm.ts").tests.includes("tests/analysis/verdict.test.ts"));
  });

  it("leaves out the examples of a rule, which are tests, and runs them", () => {
    const { files, tests } = selectionFor("policies/rules/traffic/weight-step.ts");
    const [before, after] = files.map((each) => each.split(":")[1]?.split("-").map(Number));
    const lines = readFileSync("policies/rules/traffic/weight-step.ts", "utf8").split("\n");
    assert.equal(lines[before?.[1] ?? 0], "  examples: {");
    assert.equal(lines[(after?.[0] ?? 0) - 2], "  },");
    assert.equal(tests[0], "tests/policies/examples.test.ts");
  });

  it("is refused for a file that is in no area", () => {
    assert.throws(
      () => selectionFor("cli/main.ts"),
      /cli\/main\.ts is in no area: add it to tests\/mutation\/areas\.ts/,
    );
  });
});
