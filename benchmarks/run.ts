/** `npm run bench`: every figure of docs/benchmarks.md, measured in one run on the sandbox. */
import { cpus, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { enterSandbox } from "../rehearsal/sandbox.ts";
import { Bench, prodMinReadySeconds } from "./bench.ts";
import { type Figure, table } from "./figure.ts";
import { nothingToDo } from "./nothing-to-do.ts";
import { policies } from "./policies.ts";
import { lostRequests } from "./requests.ts";
import { rollouts } from "./rollouts.ts";
import { canaryRolls, prodRolls } from "./rolls.ts";
import { unitTests } from "./unit-tests.ts";
import { warmUp } from "./warm-up.ts";

const parts = ["nothing-to-do", "prod", "requests", "canary", "rollout", "policies", "tests", "sandbox"] as const;
type Part = (typeof parts)[number];

const { values } = parseArgs({
  options: {
    "min-ready": { type: "string", default: "30" },
    only: { type: "string", default: parts.join(",") },
  },
});
const minReadySeconds = Number(values["min-ready"]);
const wanted = values.only.split(",");
const unknown = wanted.find((name) => !(parts as readonly string[]).includes(name));
if (unknown !== undefined || !Number.isInteger(minReadySeconds) || minReadySeconds < 1) {
  console.error(`npm run bench -- [--min-ready <seconds>] [--only <part,part>], of the parts ${parts.join(", ")}.`);
  process.exit(2);
}

const began = Date.now();
const say = (line: string) => console.log(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${line}`);
const figures: Figure[] = [];
const cleanUp: (() => Promise<unknown>)[] = [];
const atEnd = (work: () => Promise<unknown>) => void cleanUp.unshift(work);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    say(`${signal}: cleaning up`);
    void end().finally(() => process.exit(130));
  });
}

say(`${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, load average ${load()}`);
if (minReadySeconds !== 30) say(`A trial: minReadySeconds of canary is ${minReadySeconds} instead of 30.`);
enterSandbox();
try {
  if ((["nothing-to-do", "prod", "requests", "canary", "rollout"] as const).some(isWanted)) {
    say("installing: two releases, 9 + 1 pods");
    const bench = await Bench.start(atEnd);
    await measure("nothing-to-do", () => nothingToDo(bench, atEnd));
    await measure("prod", () => prodRolls(bench));
    await measure("requests", () => lostRequests(bench));
    await measure("canary", () => canaryRolls(bench, minReadySeconds));
    await measure("rollout", () => rollouts(bench, prodMinReadySeconds));
  }
  await measure("policies", () => policies(atEnd));
  await measure("tests", unitTests);
} finally {
  await end();
}
await measure("sandbox", warmUp);
console.log(table(figures));
say(`done, load average ${load()}`);

/** Of the last minute: a machine that is busy with something else spreads the figures, and moves ratios a little. */
function load(): string {
  return loadavg()[0]?.toFixed(1) ?? "";
}

async function measure(part: Part, work: () => Promise<Figure[]>): Promise<void> {
  if (!isWanted(part)) return;
  say(part);
  figures.push(...(await work()));
}

function isWanted(part: Part): boolean {
  return wanted.includes(part);
}

/** Each piece of work runs whatever became of those before it. */
async function end(): Promise<void> {
  for (const work of cleanUp.splice(0)) {
    await work().catch((error: Error) => console.error(`left behind: ${error.message}`));
  }
}
