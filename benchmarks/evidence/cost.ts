import { defaults } from "../../analysis/defaults.ts";
import { Evidence } from "../../analysis/evidence.ts";
import { RatioTest } from "../../analysis/ratio.ts";
import { addToStream, newStream } from "../../analysis/stream.ts";
import { Chance } from "./chance.ts";
import { hourOf } from "./traffic.ts";

/** What the engine costs on one core, in a sentence for each figure. */
export function cost(): string {
  const perSecond = updatesPerSecond();
  const four = secondsPerTick(false, ["orders"]);
  const all = secondsPerTick(true, []);
  // Services with 12 ticks a minute, each tick with its increments, sums and look.
  const ofCore = (perTick: number) => (10_000 * 12 * perTick) / 60;
  const percent = (share: number) => `${(100 * share).toFixed(1)} % of one core`;
  return [
    `${(perSecond / 1e6).toFixed(2)} million updates of one stream a second on one core (asked: 1): ${perSecond >= 1e6 ? "reached" : "MISSED"}`,
    `10 000 services x 4 streams x 12 ticks a minute, looks included: ${percent(ofCore(four))} (asked: 5): ${ofCore(four) <= 0.05 ? "reached" : "MISSED"}`,
    `the same with the full set of 15 streams: ${percent(ofCore(all))}`,
  ].join("\n");
}

/** Additions to a stream, its look included. */
function updatesPerSecond(): number {
  const test = new RatioTest(defaults);
  const stream = newStream(test);
  const updates = 2_000_000;
  const increments = Array.from({ length: 1000 }, (_, at) => ({
    canary: { events: at % 3, exposure: 100 + (at % 7) },
    stable: { events: at % 5, exposure: 900 + (at % 11) },
    stablePods: [],
  }));
  const began = performance.now();
  for (let update = 0; update < updates; update++) {
    const increment = increments[update % 1000];
    if (increment) addToStream(test, stream, increment);
  }
  return updates / ((performance.now() - began) / 1000);
}

/** A tick of ten pods from its increments to its look. Without latency: 5xx, 4xx, stability and the pairs. */
function secondsPerTick(latency: boolean, pairs: readonly string[]): number {
  const ticks = [...hourOf({ errors: 0.001 }, new Chance(1), latency)];
  const evidence = new Evidence({ canary: "B", stable: ["A"], pairs });
  const began = performance.now();
  for (let round = 0; round < 20; round++) for (const tick of ticks) evidence.observe(tick);
  return (performance.now() - began) / 1000 / (20 * ticks.length);
}
