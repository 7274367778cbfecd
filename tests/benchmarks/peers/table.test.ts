import assert from "node:assert/strict";
import { table } from "../../../benchmarks/peers/table.ts";
import type { Turn } from "../../../benchmarks/peers/turn.ts";

const turn: Turn = {
  contender: "Flagger, by gateway",
  setting: "equal",
  kind: "bad",
  outcome: "undone",
  seconds: 80,
  requests: 1000,
  failed: 0,
  bad: 40,
  lastOnNew: 70,
  lastOnKept: 71,
};

/** The words of each row, the borders left out. */
function rows(turns: readonly Turn[], ...of: ["equal" | "strict", "good" | "bad"]): string[][] {
  const lines = table(turns, ...of)
    .split("\n")
    .filter((line) => line.startsWith("│"));
  return lines.map((line) =>
    line
      .split("│")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("the table of the peers", () => {
  it("has one row a tool, with the median, the smallest and the largest of its releases", () => {
    const turns = [turn, { ...turn, bad: 60, failed: 2 }, { ...turn, bad: 41 }, { ...turn, contender: "ours", bad: 5 }];
    const [, flagger, ours] = rows(turns, "equal", "bad");
    assert.deepEqual(flagger?.slice(0, 3), ["Flagger, by gateway", "3 of 3", "41 bad (40-60)"]);
    assert.equal(flagger?.at(-1), "2 of 3000");
    assert.deepEqual(ours?.slice(0, 3), ["ours", "1 of 1", "5 bad"]);
  });

  it("says of how many releases the outcome was what it should be", () => {
    const [, flagger] = rows([turn, { ...turn, outcome: "promoted" }], "equal", "bad");
    assert.equal(flagger?.[1], "1 of 2");
  });

  it("keeps other rules and other releases out", () => {
    const others = [
      { ...turn, setting: "strict" as const },
      { ...turn, kind: "good" as const },
    ];
    assert.equal(rows([turn, ...others], "equal", "bad").length, 2);
    assert.equal(rows([turn, ...others], "strict", "bad")[1]?.[1], "1 of 1");
  });
});
