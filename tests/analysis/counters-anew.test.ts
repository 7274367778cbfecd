import assert from "node:assert/strict";
import type { Sample } from "../../analysis/reading.ts";
import { a, lastTick, ofA, requestsIn, ticksOf } from "./counted.ts";
import { histogram, read, reading, requests } from "./reading.ts";

/** The same pod after a restart of its container. */
const again = { ...a, restarts: 1 };

describe("ticks from counters of a process that restarted", () => {
  it("count the whole value if it is below the previous one, because the process restarted", () => {
    assert.deepEqual(
      requestsIn(lastTick(reading(0, [a], [ofA({ 200: 900 })]), reading(5, [again], [ofA({ 200: 12 })]))),
      {
        200: 12,
      },
    );
  });

  it("count all series of a process from zero if one fell, because errors would be missed in a series that did not fall", () => {
    const counts = [
      { 200: 1000, 500: 50 },
      { 200: 990, 500: 50 },
      { 200: 995, 500: 52 },
    ];
    const [, respawned, next] = ticksOf(
      ...counts.map((each, at) => reading(5 * at, [at > 0 ? again : a], [ofA(each)])),
    );
    assert.deepEqual(respawned && requestsIn(respawned), { 200: 990, 500: 50 });
    assert.deepEqual(next && requestsIn(next), { 200: 5, 500: 2 });
  });

  it("count a series from zero that the new process reports later than others, whatever the previous process counted", () => {
    const counts = [{ 200: 1000, 500: 50 }, { 200: 10 }, { 200: 20, 500: 60 }];
    const ticks = ticksOf(...counts.map((each, at) => reading(5 * at, [at > 0 ? again : a], [ofA(each)])));
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 10 }, { 200: 10, 500: 60 }],
    );
  });

  it("count nothing twice of a previous process whose last samples are reported beside those of the new one", () => {
    const old = requests({ 500: 50 }, 0);
    const ticks = ticksOf(
      reading(0, [a], [read("a", [...requests({ 200: 1000 }, 0), ...old])]),
      reading(5, [again], [read("a", [...requests({ 200: 10 }, 5000), ...old])]),
      reading(10, [again], [read("a", [...requests({ 200: 15 }, 10_000), ...requests({ 500: 2 }, 10_000)])]),
    );
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 10, 500: 0 }, { 200: 5, 500: 2 }],
    );
  });

  it("do not reset the other processes of a target when one restarts", () => {
    const of = (process: string, value: number): Sample => ({
      id: process,
      process,
      counter: { kind: "requests", code: "200" },
      value,
    });
    const tick = lastTick(
      reading(0, [a], [read("a", [of("app", 100), of("sidecar", 1000)])]),
      reading(5, [again], [read("a", [of("app", 3), of("sidecar", 1010)])]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 13 });
  });

  it("count a series from zero that fell because another process counts it now", () => {
    const of = (process: string, value: number): Sample => ({
      id: "code 200",
      process,
      counter: { kind: "requests", code: "200" },
      value,
    });
    const tick = lastTick(
      reading(0, [a], [read("a", [of("10.0.0.1:8080", 100)])]),
      reading(5, [again], [read("a", [of("10.0.0.2:8080", 3)])]),
    );
    assert.deepEqual(requestsIn(tick), { 200: 3 });
  });

  it("count all buckets of a histogram from zero together, even those above their previous value", () => {
    const { targets } = lastTick(
      reading(0, [a], [read("a", histogram({ 0.1: 10, 1: 11, all: 11 }))]),
      reading(5, [again], [read("a", histogram({ 0.1: 4, 1: 12, all: 14 }))]),
    );
    assert.deepEqual(targets[0]?.latency, {
      total: 14,
      slower: [
        [0.1, 10],
        [1, 2],
      ],
    });
  });
});
