/** The verdicts on real requests that are split between two tracks of the same release, and of one that fails more often. */
import Table from "cli-table3";
import { Evidence } from "../../analysis/evidence.ts";
import { judge } from "../../analysis/verdict.ts";
import { Chance } from "./chance.ts";
import { type Log, logsIn } from "./log.ts";
import { hourOfLog, type Service, splits } from "./split.ts";

/** Pods of stable and canary by the share of canary. */
const services = [
  { share: 0.1, stablePods: 9, canaryPods: 1 },
  { share: 0.5, stablePods: 5, canaryPods: 5 },
  { share: 0.5, stablePods: 1, canaryPods: 1 },
] as const;

/** Share of requests that fail where a log has no errors of its own. */
const errorsWithout = 0.002;

/** A table of verdicts: each log of the folder in each split, `runs` times. */
export function realTable(folder: string, runs: number, seed: number): string {
  const table = new Table({
    head: ["log", "split", "canary", "pods", "A/A: bad", "A/A: good", "5x: bad", "bad answers", "2x: good"],
    style: { head: [], border: [] },
  });
  for (const log of logsIn(folder)) {
    for (const split of splits) {
      if (split !== "request" && !log.hasClients) continue;
      for (const service of services) {
        const of = (ratio: number) => hours(log, { ...service, split, ...worse(log, ratio) }, runs, seed);
        const [same, five, two] = [of(1), of(5), of(2)];
        const convicted = five.filter(({ verdict }) => verdict === "bad").map(({ failed }) => failed);
        table.push([
          log.name,
          split,
          `${100 * service.share} %`,
          `${service.stablePods} + ${service.canaryPods}`,
          share(same, "bad"),
          share(same, "good"),
          share(five, "bad"),
          convicted.length > 0 ? String(convicted.toSorted((a, b) => a - b)[convicted.length >> 1]) : "-",
          share(two, "good"),
        ]);
      }
    }
  }
  return table.toString();
}

interface Ended {
  /** The first verdict within the hour, looked at each tick for bad and every half minute for good. */
  readonly verdict: "good" | "bad" | "undecided";
  /** Canary's failed requests until then. */
  readonly failed: number;
}

function hours(log: Log, service: Service, runs: number, seed: number): Ended[] {
  return Array.from({ length: runs }, (_, run) => hour(log, service, new Chance(seed * 1_000_003 + run)));
}

function hour(log: Log, service: Service, chance: Chance): Ended {
  const perRequest = service.split === "request";
  const evidence = new Evidence({ canary: "B", stable: ["A"], perRequest });
  const ended = (verdict: Ended["verdict"]) => ({ verdict, failed: evidence.answers.canary.failed });
  let isGood = false;
  for (const tick of hourOfLog(log, service, chance)) {
    evidence.observe(tick, perRequest ? { canaryShare: service.share } : {});
    // A release that was called good is watched on.
    if (evidence.conviction) return ended("bad");
    isGood ||= tick.at % 30_000 === 0 && judge(evidence, tick.at).verdict === "good";
  }
  return ended(isGood ? "good" : "undecided");
}

/** A canary that fails `ratio` times as often: its further failures are of any client. */
function worse({ requests }: Log, ratio: number): Pick<Service, "canary"> {
  if (ratio === 1) return {};
  const errors = requests.filter(({ status }) => status.startsWith("5")).length / requests.length || errorsWithout;
  return {
    canary: (request, chance) => (chance.uniform() < (ratio - 1) * errors ? { ...request, status: "500" } : request),
  };
}

function share(ends: readonly Ended[], verdict: Ended["verdict"]): string {
  const found = ends.filter((end) => end.verdict === verdict).length / ends.length;
  return `${(100 * found).toFixed(1)} ± ${(100 * Math.sqrt((found * (1 - found)) / ends.length)).toFixed(1)} %`;
}
