import { defaults } from "../../analysis/defaults.ts";
import { Evidence } from "../../analysis/evidence.ts";
import { RatioTest } from "../../analysis/ratio.ts";
import { addToStream, compare, logWorse, newStream } from "../../analysis/stream.ts";
import type { Tick } from "../../analysis/tick.ts";
import { judge } from "../../analysis/verdict.ts";
import { Chance } from "./chance.ts";
import { hourOf, seconds } from "./traffic.ts";

/**
 * What the engine costs on one core, in a sentence for each figure: time on a processor, so that others on the same machine
 * count little.
 */
export function cost(): string {
  const perSecond = updatesPerSecond();
  const hour = [...hourOf({ errors: 0.001 }, new Chance(1), true)];
  const few = hour.map(fourStreams);
  const four = secondsPerTick(few, ["orders"], false);
  // Services with 12 ticks a minute.
  const ofCore = (perTick: number) => (10_000 * 12 * perTick) / 60;
  const percent = (share: number) => `${(100 * share).toFixed(1)} % of one core`;
  return [
    `${(perSecond / 1e6).toFixed(2)} million updates of one stream a second on one core, each looked at (asked: 1): ${perSecond >= 1e6 ? "reached" : "MISSED"}`,
    `10 000 services x 4 streams x 12 ticks a minute, each looked at for a conviction: ${percent(ofCore(four))} (asked: 5): ${ofCore(four) <= 0.05 ? "reached" : "MISSED"}`,
    `the same with the whole verdict, every bound and sentence of it: ${percent(ofCore(secondsPerTick(few, ["orders"], true)))}`,
    `the full set of 15 streams, looked at for a conviction: ${percent(ofCore(secondsPerTick(hour, [], false)))}`,
  ].join("\n");
}

/** Additions to a stream, each followed by the comparison of both arms and a look whether canary is worse. */
function updatesPerSecond(): number {
  const test = new RatioTest(defaults);
  const stream = newStream(test, 1);
  const updates = 2_000_000;
  const increments = Array.from({ length: 1000 }, (_, at) => ({
    canary: { events: at % 3, exposure: 100 + (at % 7) },
    stable: { events: at % 5, exposure: 900 + (at % 11) },
    stablePods: [],
  }));
  const began = process.cpuUsage();
  for (let update = 0; update < updates; update++) {
    const increment = increments[update % 1000];
    if (!increment) continue;
    addToStream(stream, increment, 5);
    compare(test, stream);
    logWorse(test, stream);
  }
  return updates / secondsSince(began);
}

/** The tick without latency, and with a pair and restarts: 5xx, 4xx, stability and orders, all of which happen. */
function fourStreams(tick: Tick, at: number): Tick {
  return {
    ...tick,
    targets: tick.targets.map(({ latency: _, ...target }, index) => {
      const total = Object.values(target.requests).reduce((sum, each) => sum + each, 0);
      return { ...target, pairs: { orders: { bad: (at + index) % 7 === 0 ? 1 : 0, total } } };
    }),
    pods: tick.pods.map((pod, index) => ({ ...pod, restarts: (at + index) % 100 === 0 ? 1 : 0 })),
  };
}

/** A tick of ten pods from its increments to the look whether to convict. @param judged and on to the verdict */
function secondsPerTick(ticks: readonly Tick[], pairs: readonly string[], judged: boolean): number {
  const evidence = new Evidence({ canary: "B", stable: ["A"], pairs });
  const [warmUp, rounds] = [10, 50];
  let began = process.cpuUsage();
  for (let round = 0; round < warmUp + rounds; round++) {
    // A process that watches so many services runs for long: what the compiler takes at first is not of that.
    if (round === warmUp) began = process.cpuUsage();
    for (const tick of ticks) {
      const at = tick.at + round * seconds * 1000;
      evidence.observe({ ...tick, at });
      if (judged) judge(evidence, at);
    }
  }
  return secondsSince(began) / (rounds * ticks.length);
}

function secondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}
