import Table from "cli-table3";
import { type Sample, show } from "../sample.ts";
import type { SettingName } from "./rules.ts";
import type { Turn } from "./turn.ts";

/** One row a tool: what its releases of a kind came to under the same rules; medians, in brackets the smallest and the largest. */
export function table(turns: readonly Turn[], setting: SettingName, kind: Turn["kind"]): string {
  const chosen = turns.filter((turn) => turn.setting === setting && turn.kind === kind);
  const rows = new Table({ head: [...heads[kind]], style: { head: [], border: [] } });
  for (const contender of new Set(chosen.map(({ contender }) => contender))) {
    const own = chosen.filter((turn) => turn.contender === contender);
    rows.push([contender, ...cells(own, kind)]);
  }
  return rows.toString();
}

const heads = {
  good: ["tool", "promoted", "change -> through", "last answer of the old release", "failed requests"],
  bad: [
    "tool",
    "undone",
    "bad answers",
    "its last answer",
    "on kept connections",
    "change -> through",
    "failed requests",
  ],
} as const;

function cells(turns: readonly Turn[], kind: Turn["kind"]): string[] {
  const seconds = (of: (turn: Turn) => number) => show(sample(turns, of), "s", 1);
  const wanted = kind === "good" ? "promoted" : "undone";
  const outcome = `${turns.filter((turn) => turn.outcome === wanted).length} of ${turns.length}`;
  const sum = (of: (turn: Turn) => number) => sample(turns, of).reduce((all, each) => all + each, 0);
  const failed = `${sum((turn) => turn.failed)} of ${sum((turn) => turn.requests)}`;
  const through = seconds((turn) => turn.seconds);
  if (kind === "good") {
    return [outcome, through, seconds((turn) => Math.max(turn.lastOnNew, turn.lastOnKept)), failed];
  }
  const bad = show(
    sample(turns, (turn) => turn.bad),
    "bad",
    0,
  );
  return [outcome, bad, seconds((turn) => turn.lastOnNew), seconds((turn) => turn.lastOnKept), through, failed];
}

function sample(turns: readonly Turn[], of: (turn: Turn) => number): Sample {
  return turns.map(of);
}
