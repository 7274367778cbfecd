import assert from "node:assert/strict";
import { advance, type Counters, nothingCounted } from "../../analysis/counters.ts";
import type { Reading, TargetReading } from "../../analysis/reading.ts";
import type { Tick } from "../../analysis/tick.ts";
import { pod, read, requests } from "./reading.ts";

/** The reading of a stable pod. */
export const a = pod("a");
export const ofA = (counts: Record<string, number>, at?: number): TargetReading => read("a", requests(counts, at));

/** The ticks of successive readings. The state passes through JSON in between, as when an observation is resumed. */
export function ticksOf(...readings: Reading[]): (Tick | undefined)[] {
  let state: Counters = nothingCounted;
  return readings.map((each) => {
    const { after, tick } = advance(JSON.parse(JSON.stringify(state)), each);
    state = after;
    return tick;
  });
}

/** The tick of the last of these readings. */
export function lastTick(...readings: Reading[]): Tick {
  return ticksOf(...readings).at(-1) ?? assert.fail("no tick");
}

export const requestsIn = (tick: Tick, target = "a"): Tick["targets"][number]["requests"] | undefined =>
  tick.targets.find((each) => each.target === target)?.requests;
