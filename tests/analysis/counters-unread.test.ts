import assert from "node:assert/strict";
import type { Sample } from "../../analysis/reading.ts";
import { a, lastTick, ofA, requestsIn, ticksOf } from "./counted.ts";
import { pod, read, reading, requests, unread } from "./reading.ts";

describe("ticks from counters that could not be read, or arrived late or twice", () => {
  it("cover both ticks with the next increment if a target could not be read in between", () => {
    const [, second, third] = ticksOf(
      reading(0, [a], [ofA({ 200: 900 })]),
      reading(5, [a], [unread("a")]),
      reading(10, [a], [ofA({ 200: 930, 500: 4 })]),
    );
    assert.deepEqual([second?.targets, second?.problems], [[], ["a gave no answer."]]);
    assert.deepEqual(third && requestsIn(third), { 200: 30, 500: 4 });
  });

  it("add nothing for a repeated scrape, and miss nothing of the next one", () => {
    const ticks = ticksOf(
      reading(0, [a], [ofA({ 200: 100 }, 0)]),
      reading(5, [a], [ofA({ 200: 120 }, 4000)]),
      reading(10, [a], [ofA({ 200: 120 }, 4000)]),
      reading(15, [a], [ofA({ 200: 150 }, 14_000)]),
    );
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 20 }, { 200: 0 }, { 200: 30 }],
    );
  });

  it("add nothing for samples that arrive late or out of order, although their values look like a reset", () => {
    const ticks = ticksOf(
      reading(0, [a], [ofA({ 200: 100 }, 0)]),
      reading(5, [a], [ofA({ 200: 200 }, 5000)]),
      reading(10, [a], [ofA({ 200: 120 }, 1000)]),
      reading(15, [a], [ofA({ 200: 260 }, 15_000)]),
    );
    assert.deepEqual(
      ticks.map((tick) => tick && requestsIn(tick)),
      [undefined, { 200: 100 }, { 200: 0 }, { 200: 60 }],
    );
  });

  it("treat a target as not read if a value is not a count, or a series comes twice, because its errors may be in this series", () => {
    for (const [samples, problem] of [
      [requests({ 200: 200, 500: Number.NaN }), /^a gives NaN for code 500, which is not a count/],
      [requests({ 200: -1 }), /^a gives -1 for code 200/],
      [requests({ 200: Infinity }), /^a gives Infinity/],
      [requests({ 200: 200 }, Number.NaN), /^a gives no time for code 200/],
      [[...requests({ 200: 200 }), ...requests({ 200: 300 })], /^a gives code 200 twice/],
    ] as [Sample[], RegExp][]) {
      const [, tick, next] = ticksOf(
        reading(0, [a], [ofA({ 200: 100 })]),
        reading(5, [a], [read("a", samples)]),
        reading(10, [a], [ofA({ 200: 250 })]),
      );
      assert.deepEqual(tick?.targets, []);
      assert.match(tick?.problems[0] ?? "", problem);
      assert.deepEqual(next && requestsIn(next), { 200: 150 });
    }
  });

  it("count a target once that is read twice in one poll", () => {
    const tick = lastTick(
      reading(0, [a], [ofA({ 200: 100 })]),
      reading(5, [a], [ofA({ 200: 110 }), ofA({ 200: 110 })]),
    );
    assert.deepEqual([tick.targets.length, requestsIn(tick)], [1, { 200: 10 }]);
    assert.match(tick.problems[0] ?? "", /a was read twice/);
  });

  it("report a problem once that all pods share", () => {
    const [b, c] = [pod("b"), pod("c")];
    const silent = [a, b, c].map(({ name }) => unread(name, "Prometheus gave no answer within 5 s."));
    assert.deepEqual(lastTick(reading(0, [a, b, c], silent), reading(5, [a, b, c], silent)).problems, [
      "Prometheus gave no answer within 5 s.",
    ]);
  });
});
