import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { UserError } from "../../components/user-error.ts";
import type { Event } from "./events.ts";
import { type History, historyOf, processHistoryOf } from "./history.ts";
import { judge, type Violation } from "./model.ts";
import { play } from "./play.ts";
import { playProcesses } from "./processes.ts";
import { Summary } from "./summary.ts";

/**
 * The fault campaign: histories of random faults, each judged by the model. A seed that fails is printed as the command that repeats it.
 *
 * - `--minutes 2`: for how long, the default; a third of it with whole processes.
 * - `--from 1`: the first seed. @default by the time of day, so that each run tries others
 * - `--seed 7`: this one alone, with everything that happens in it; `--processes --seed 7` with whole processes.
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
    from: { type: "string", default: String(Math.floor(Date.now() / 1000) % 1_000_000_000) },
    seed: { type: "string" },
    processes: { type: "boolean", default: false },
  },
});

/** A way to live through histories. */
interface Endpoint {
  /** What the command that repeats a history says besides. */
  readonly option: string;
  readonly historyOf: (seed: number) => History;
  readonly play: (history: History) => Promise<readonly Event[]>;
  /** Milliseconds by which everything may be late. */
  readonly late?: number;
  /** Histories at a time. */
  readonly atOnce: number;
  /** Share of the time. */
  readonly share: number;
}

const simulated: Endpoint = { option: "", historyOf, play, atOnce: 1, share: 2 / 3 };
/** They wait for most of the time. */
const ofProcesses: Endpoint = {
  ...{ option: "--processes ", historyOf: processHistoryOf, play: playProcesses },
  ...{ late: 6000, atOnce: 4, share: 1 / 3 },
};

const violated =
  values.seed === undefined
    ? await campaign(numberIn("from", values.from), numberIn("minutes", values.minutes))
    : await repeat(values.processes ? ofProcesses : simulated, numberIn("seed", values.seed));
// A driver of a history that was violated may go on for ever.
process.exit(violated === 0 ? 0 : 1);

/** @returns how many rules were violated */
async function campaign(from: number, minutes: number): Promise<number> {
  let violated = 0;
  for (const way of [simulated, ofProcesses]) {
    const end = Date.now() + minutes * way.share * 60_000;
    const summary = new Summary(from);
    let next = from;
    const one = async () => {
      while (Date.now() < end) {
        const seed = next++;
        const { events, violations } = await live(way, seed);
        summary.add(events, violations);
        for (const { rule, what } of violations) {
          console.log(`${rule}: ${what}\n  npm run test:faults -- ${way.option}--seed ${seed}`);
        }
      }
    };
    await Promise.all(Array.from({ length: way.atOnce }, one));
    console.log(`${way === simulated ? "Simulated" : "Processes"}: ${summary.text()}\n`);
    violated += summary.violated;
  }
  return violated;
}

/** @returns how many rules were violated */
async function repeat(way: Endpoint, seed: number): Promise<number> {
  console.log(JSON.stringify({ ...way.historyOf(seed), skews: undefined }, undefined, 2));
  const { events, violations } = await live(way, seed);
  for (const event of events) console.log(lineOf(event));
  for (const { at, rule, what } of violations) console.log(`VIOLATED at ${at} ms: ${rule}: ${what}`);
  console.log(violations.length === 0 ? "Nothing is violated." : `${violations.length} rules are violated.`);
  return violations.length;
}

async function live(
  way: Endpoint,
  seed: number,
): Promise<{ events: readonly Event[]; violations: readonly Violation[] }> {
  const history = way.historyOf(seed);
  const events = await way.play(history);
  return { events, violations: judge(history, events, way.late) };
}

function numberIn(name: string, text: string): number {
  const number = Number(text);
  if (text === "" || !Number.isFinite(number) || number < 0)
    throw new UserError(`--${name} is ${text}: give a number.`);
  return number;
}

/** An event in a line, the record as far as it says how the rollout stands. */
function lineOf({ at, kind, ...event }: Event): string {
  const line = (said: string) => `${String(Math.round(at)).padStart(7)} ${kind} ${said}`;
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
