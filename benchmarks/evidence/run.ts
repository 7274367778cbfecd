/**
 * `npm run bench:evidence`: how sure the verdicts are, and what they cost, on simulated traffic with fixed seeds.
 *
 * `-- --runs N` sets the number of simulated hours a line (default 1 000; the full set takes a quarter of it), `--seed N` the seed.
 * `--data FOLDER` takes the real requests in the logs of a folder instead (benchmarks/evidence/log.ts has their form), 100 hours a line by default.
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { defaults } from "../../analysis/defaults.ts";
import { Evidence } from "../../analysis/evidence.ts";
import { serverErrors } from "../../analysis/indicators/http-status.ts";
import { forecast } from "../../analysis/planner.ts";
import { judge } from "../../analysis/verdict.ts";
import { Chance } from "./chance.ts";
import { cost } from "./cost.ts";
import { realTable } from "./real.ts";
import { type Threshold, ThresholdWatch, thresholds } from "./thresholds.ts";
import { canaryShare, hourOf, requestsPerSecond, type Traffic } from "./traffic.ts";

const { values } = parseArgs({
  options: { runs: { type: "string" }, seed: { type: "string", default: "1" }, data: { type: "string" } },
});
const [runs, seed] = [Number(values.runs ?? (values.data === undefined ? 1000 : 100)), Number(values.seed)];
if (!Number.isInteger(runs) || runs < 20 || !Number.isInteger(seed)) {
  console.error("npm run bench:evidence -- [--data <folder>] [--runs <20 or more>] [--seed <number>]");
  process.exit(2);
}
if (values.data !== undefined) {
  console.log(
    `${runs} hours a line; seed ${seed}; 5x and 2x: as many failures more, of any client\n${realTable(values.data, runs, seed)}`,
  );
  process.exit(0);
}

/** What one simulated hour came to. */
interface Ended {
  readonly verdict: "good" | "bad" | "undecided";
  /** Seconds, and canary's bad answers until then. */
  readonly at: number;
  readonly bad: number;
}

interface Line {
  readonly what: string;
  readonly traffic: Traffic;
  /** Which end is counted, and what is asked of it. */
  readonly counts: "bad" | "good";
  readonly asked: string;
  readonly reached: (ends: readonly Ended[], all: number) => boolean;
}

const rate = (ends: readonly Ended[], all: number) => ends.length / all;
const middle = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

const atMost = (limit: number) => ({
  asked: `<= ${100 * limit} %`,
  reached: (ends: readonly Ended[], all: number) => rate(ends, all) <= limit,
});
const cleared = {
  asked: ">= 95 % in 15 min",
  reached: (ends: readonly Ended[], all: number) => ends.filter(({ at }) => at <= 900).length >= 0.95 * all,
};

const lines: readonly Line[] = [
  {
    what: "A/A, 0.1 %, drift and a 3x minute",
    traffic: { errors: 0.001, trouble: true },
    counts: "bad",
    ...atMost(0.01),
  },
  {
    what: "A/A, 0.5 %, drift and a 3x minute",
    traffic: { errors: 0.005, trouble: true },
    counts: "bad",
    ...atMost(0.01),
  },
  { what: "A/A, 0.1 %, bunches of 5", traffic: { errors: 0.001, bunch: 5 }, counts: "bad", ...atMost(0.02) },
  { what: "A/A, 0.5 %, bunches of 5", traffic: { errors: 0.005, bunch: 5 }, counts: "bad", ...atMost(0.02) },
  { what: "A/A, 0.1 %, pods log-sd 0.2", traffic: { errors: 0.001, unequal: 0.2 }, counts: "bad", ...atMost(0.02) },
  { what: "A/A, 0.5 %, pods log-sd 0.2", traffic: { errors: 0.005, unequal: 0.2 }, counts: "bad", ...atMost(0.02) },
  {
    what: "5x on 0.1 %: noticed",
    traffic: { errors: 0.001, ratio: 5 },
    counts: "bad",
    asked: "<= 105 s, <= 13 bad (one stream)",
    reached: (ends) => middle(ends.map(({ at }) => at)) <= 105 && middle(ends.map(({ bad }) => bad)) <= 13,
  },
  {
    what: "5 % on a clean service: noticed",
    traffic: { errors: 0, canaryErrors: 0.05 },
    counts: "bad",
    asked: "<= 6 bad",
    reached: (ends) => middle(ends.map(({ bad }) => bad)) <= 6,
  },
  { what: "2x on 0.5 %: noticed", traffic: { errors: 0.005, ratio: 2 }, counts: "bad", asked: "", reached: () => true },
  { what: "5x on 0.1 %: false good", traffic: { errors: 0.001, ratio: 5 }, counts: "good", ...atMost(defaults.beta) },
  { what: "clean, 0 errors: cleared", traffic: { errors: 0 }, counts: "good", ...cleared },
  { what: "clean, 0.01 %: cleared", traffic: { errors: 0.0001 }, counts: "good", ...cleared },
  { what: "clean, 0.1 %: cleared", traffic: { errors: 0.001 }, counts: "good", ...cleared },
];

console.log(
  `${requestsPerSecond} requests/s, ${100 * canaryShare} % to canary, ticks of 1 s for a minute, then 5 s (768 looks an hour); alpha ${defaults.alpha}, ` +
    `margin ${defaults.margin}, limit ${defaults.limit}, beta ${defaults.beta}; ${runs} hours a line for one stream, ${runs / 4} for the full set; seed ${seed}`,
);
const sets = [
  { name: "5xx alone", runs, full: false },
  { name: "full set", runs: Math.ceil(runs / 4), full: true },
];
const results = new Table({
  head: ["what", "streams", "share of hours", "median s", "median bad", "asked", ""],
  style: { head: [], border: [] },
});
for (const line of lines) {
  for (const { name, runs, full } of sets) {
    const ends = hours(runs, full, line).filter(({ verdict }) => verdict === line.counts);
    results.push([
      line.what,
      name,
      ...summary(ends, runs),
      line.asked,
      line.reached(ends, runs) ? "reached" : "MISSED",
    ]);
  }
}
console.log(results.toString());

const peers = new Table({ head: ["rule", ...peerLines().map(({ what }) => what)], style: { head: [], border: [] } });
for (const rule of thresholds) {
  peers.push([rule.name, ...peerLines().map(({ traffic }) => summary(rollbacks(rule, traffic), runs).join("; "))]);
}
console.log(`\nStatic thresholds on the same traffic: rolled back, median s, median bad answers\n${peers}`);

const plans = new Table({
  head: ["planner", "predicted s", "simulated median s", "ratio"],
  style: { head: [], border: [] },
});
for (const [errors, ratio] of [
  [0.001, 5],
  [0.005, 5],
  [0.005, 2],
] as const) {
  const { notice } = forecast({ requestsPerSecond, errors }, canaryShare, defaults, 1);
  const predicted = notice.find((each) => each.ratio === ratio)?.expected.seconds ?? Number.NaN;
  plans.push(compare(`${ratio}x on ${100 * errors} %`, predicted, { errors, ratio }, "bad"));
}
for (const errors of [0, 0.001, 0.005]) {
  const predicted = forecast({ requestsPerSecond, errors }, canaryShare, defaults, 1).clear.seconds;
  plans.push(compare(`clear ${100 * errors} %`, predicted, { errors }, "good"));
}
console.log(`\nThe planner beside the simulation (5xx alone; asked: within 25 %)\n${plans}`);
console.log(`\n${cost()}`);

function hours(count: number, full: boolean, { traffic, counts }: Pick<Line, "traffic" | "counts">): Ended[] {
  return Array.from({ length: count }, (_, run) => hour(new Chance(seed * 1_000_003 + run), full, traffic, counts));
}

/** An hour, ended by a conviction or, where good ends are counted, by a good verdict. */
function hour(chance: Chance, full: boolean, traffic: Traffic, counts: "bad" | "good"): Ended {
  const question = { canary: "B", stable: ["A"] };
  const evidence = full ? new Evidence(question) : new Evidence(question, [serverErrors(1)]);
  const end = (verdict: Ended["verdict"], at: number) => ({
    verdict,
    at: at / 1000,
    bad: evidence.answers.canary.failed,
  });
  for (const tick of hourOf(traffic, chance, full)) {
    evidence.observe(tick);
    if (evidence.conviction) return end("bad", tick.at);
    if (counts === "good" && judge(evidence, tick.at).verdict === "good") return end("good", tick.at);
  }
  return end("undecided", 3_600_000);
}

/** Share of hours with its Monte Carlo error (one standard error), and the medians. */
function summary(ends: readonly { at: number; bad: number }[], all: number): [string, string, string] {
  const share = ends.length / all;
  const error = Math.sqrt((share * (1 - share)) / all);
  return [
    `${(100 * share).toFixed(1)} ± ${(100 * error).toFixed(1)} %`,
    ends.length > 0 ? middle(ends.map(({ at }) => at)).toFixed(0) : "-",
    ends.length > 0 ? middle(ends.map(({ bad }) => bad)).toFixed(0) : "-",
  ];
}

function peerLines(): readonly Line[] {
  const names = ["A/A, 0.5 %, drift", "5x on 0.1 %: noticed", "5 % on a clean"];
  return lines.filter(({ what }) => names.some((name) => what.startsWith(name)));
}

function rollbacks(rule: Threshold, traffic: Traffic): { at: number; bad: number }[] {
  return Array.from({ length: runs }, (_, run) => {
    const watch = new ThresholdWatch(rule);
    for (const tick of hourOf(traffic, new Chance(seed * 1_000_003 + run), false)) watch.observe(tick);
    return watch.rolledBack;
  }).filter((end) => end !== undefined);
}

function compare(what: string, predicted: number, traffic: Traffic, counts: "bad" | "good"): string[] {
  const ends = hours(Math.ceil(runs / 2), false, { traffic, counts }).filter(({ verdict }) => verdict === counts);
  const simulated = middle(ends.map(({ at }) => at));
  return [what, predicted.toFixed(0), simulated.toFixed(0), (predicted / simulated).toFixed(2)];
}
