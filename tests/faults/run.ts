import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { Refusal } from "../../components/refusal.ts";
import type { Event } from "./events.ts";
import { historyOf } from "./history.ts";
import { judge } from "./model.ts";
import { play } from "./play.ts";
import { Summary } from "./summary.ts";

/**
 * The fault campaign: histories in simulated time, each judged by the model. A seed that fails is printed as the command that repeats
 * it, and its events are.
 *
 * - `--minutes 2`: for how long, the default.
 * - `--from 1`: the first seed. @default by the time of day, so that each run tries others
 * - `--histories 1000`: how many, in place of a time.
 * - `--seed 7`: this one alone, with everything that happens in it.
 * - `--sandbox`: the cases on the sandbox instead; what follows is for mocha, as in `--sandbox --grep killed`.
 */
const [first, ...rest] = process.argv.slice(2);
if (first === "--sandbox") {
  const { status } = spawnSync("mocha", ["--config", ".mocharc.faults.json", ...rest], { stdio: "inherit" });
  process.exit(status ?? 1);
}
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    histories: { type: "string" },
    from: { type: "string", default: String(Math.floor(Date.now() / 1000) % 1_000_000_000) },
    seed: { type: "string" },
  },
});

if (values.seed !== undefined) {
  const seed = numberIn("seed", values.seed);
  const history = historyOf(seed);
  console.log(JSON.stringify({ ...history, skews: undefined }, undefined, 2));
  const events = await play(history);
  for (const event of events) console.log(lineOf(event));
  const violations = judge(history, events);
  for (const { at, rule, what } of violations) console.log(`VIOLATED at ${at} ms: ${rule}: ${what}`);
  console.log(violations.length === 0 ? "Nothing is violated." : `${violations.length} rules are violated.`);
  process.exitCode = violations.length === 0 ? 0 : 1;
} else {
  const from = numberIn("from", values.from);
  const count = values.histories === undefined ? Number.POSITIVE_INFINITY : numberIn("histories", values.histories);
  const end = values.histories === undefined ? Date.now() + numberIn("minutes", values.minutes) * 60_000 : Infinity;
  const summary = new Summary(from);
  for (let seed = from; seed < from + count && Date.now() < end; seed++) {
    const history = historyOf(seed);
    const events = await play(history);
    const violations = judge(history, events);
    summary.add(events, violations);
    for (const { rule, what } of violations) {
      console.log(`${rule}: ${what}\n  npm run test:faults -- --seed ${seed}`);
    }
  }
  console.log(summary.text());
  process.exitCode = summary.violated === 0 ? 0 : 1;
}

function numberIn(name: string, text: string): number {
  const number = Number(text);
  if (text === "" || !Number.isFinite(number) || number < 0) throw new Refusal(`--${name} is ${text}: give a number.`);
  return number;
}

/** An event in a line, the record as far as it says how the rollout stands. */
function lineOf({ at, kind, ...event }: Event): string {
  const line = (said: string) => `${String(at).padStart(7)} ${kind} ${said}`;
  if (!("after" in event)) return line(JSON.stringify(event));
  const { by, after } = event;
  const left = ["steps", "release", "from", "began"];
  const open = Object.entries(after?.open ?? {}).filter(([key]) => !left.includes(key));
  const judged = Object.entries(after?.verdicts ?? {}).map(
    ([release, each]) => `${release} ${each.verdict} (${each.by})`,
  );
  const says = after?.open ? JSON.stringify(Object.fromEntries(open)) : `over: ${JSON.stringify(after?.ended?.[0])}`;
  return line(`${by} ${says} ${judged.join(", ")}`);
}
