/** `npm run bench`: every figure of docs/benchmarks.md, measured in one run on the sandbox. */
import { parseArgs } from "node:util";
import { enterSandbox } from "../harness/sandbox.ts";
import { Bench, prodMinReadySeconds } from "./bench.ts";
import { cutsUnderFailure } from "./cut.ts";
import { type Figure, table } from "./figure.ts";
import { metricsPage } from "./metrics-page.ts";
import { nothingToDo } from "./nothing-to-do.ts";
import { policies } from "./policies.ts";
import { lostRequests } from "./requests.ts";
import { rollouts } from "./rollouts.ts";
import { canaryRolls, prodRolls } from "./rolls.ts";
import { load, Session } from "./session.ts";
import { unitTests } from "./unit-tests.ts";
import { warmUp } from "./warm-up.ts";

const parts = [
  "metrics",
  "cut",
  "nothing-to-do",
  "prod",
  "requests",
  "canary",
  "rollout",
  "policies",
  "tests",
  "sandbox",
] as const;
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

const session = new Session();
if (minReadySeconds !== 30)
  session.say(`A trial: minReadySeconds of canary, and of an undo, is ${minReadySeconds} instead of 30.`);
await measure("metrics", metricsPage);
await measure("cut", cutsUnderFailure);
// The others need a cluster.
if (parts.slice(2).some(isWanted)) enterSandbox();
try {
  if ((["nothing-to-do", "prod", "requests", "canary", "rollout"] as const).some(isWanted)) {
    session.say("installing: two releases, 9 + 1 pods");
    const bench = await Bench.start(session.atEnd);
    await measure("nothing-to-do", () => nothingToDo(bench, session.atEnd));
    await measure("prod", () => prodRolls(bench));
    await measure("requests", () => lostRequests(bench));
    await measure("canary", () => canaryRolls(bench, minReadySeconds));
    await measure("rollout", () => rollouts(bench, prodMinReadySeconds, minReadySeconds));
  }
  await measure("policies", () => policies(session.atEnd));
  await measure("tests", unitTests);
} finally {
  await session.end();
}
await measure("sandbox", warmUp);
session.say(`done, load average ${load()}`);

async function measure(part: Part, work: () => Promise<Figure[]>): Promise<void> {
  if (!isWanted(part)) return;
  session.say(part);
  console.log(table(await work()));
}

function isWanted(part: Part): boolean {
  return wanted.includes(part);
}
