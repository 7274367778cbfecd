import assert from "node:assert/strict";
import fc from "fast-check";
import type { Tick } from "../../analysis/tick.ts";
import { a, ofA, requestsIn, ticksOf } from "./counted.ts";
import { read, reading, requests } from "./reading.ts";

const [one, other] = [
  { 200: 5000, 500: 5 },
  { 200: 4900, 500: 4 },
];
const restarted = { ...a, restarts: 1 };
const isUnread = (tick: Tick | undefined) => tick?.targets.length === 0 && tick.problems.length === 1;

describe("ticks from counters of several processes that answer in turn at one port of a pod", () => {
  it("count nothing, and say why, from the first reading on in which a counter fell", () => {
    const ticks = ticksOf(...[one, other, one, one, other].map((counts, at) => reading(at, [a], [ofA(counts)])));
    assert.deepEqual(ticks.slice(1).map(isUnread), Array(4).fill(true));
    assert.deepEqual(ticks[4]?.problemsOf, {
      [a.release]: [
        "a counts less than before, and none of its containers restarted: several processes seem to answer at one port in turn, so it is not read until it restarts; let one page have the sum of all processes.",
      ],
    });
  });

  it("count nothing of what Prometheus scrapes from them either, nor of a restart before the pod was first listed", () => {
    const ticks = ticksOf(
      ...[one, other, one, other].map((counts, at) => reading(15 * at + 3, [a], [ofA(counts, 15_000 * at)])),
    );
    assert.deepEqual(ticks[1] && requestsIn(ticks[1]), { 200: 0, 500: 0 });
    assert.deepEqual(ticks[2] && requestsIn(ticks[2]), { 200: 100, 500: 1 });
    assert.ok(isUnread(ticks[3]));
  });

  it("count again after the pod restarted", () => {
    const ticks = ticksOf(
      reading(0, [a], [ofA(one)]),
      reading(5, [a], [ofA(other)]),
      reading(10, [restarted], [ofA({ 200: 3 })]),
      reading(15, [restarted], [ofA({ 200: 7 })]),
    );
    assert.deepEqual(
      ticks.slice(2).map((tick) => tick && requestsIn(tick)),
      [{ 200: 3 }, { 200: 4 }],
    );
  });

  it("are those of one process whose restart is noticed only after its counters fell", () => {
    const ticks = ticksOf(
      reading(0, [a], [ofA(one)]),
      reading(1, [a], [ofA({ 200: 3, 500: 1 })]),
      reading(2, [restarted], [ofA({ 200: 9, 500: 2 })]),
    );
    assert.ok(isUnread(ticks[1]));
    assert.deepEqual(ticks[2] && requestsIn(ticks[2]), { 200: 9, 500: 2 });
  });

  it("are those of one process whose last sample is older than its restart", () => {
    const ticks = ticksOf(
      reading(0, [a], [ofA(one, 0)]),
      reading(20, [restarted], [ofA(one, 0)]),
      reading(35, [restarted], [ofA({ 200: 3, 500: 1 }, 30_000)]),
      reading(50, [restarted], [ofA({ 200: 2, 500: 1 }, 45_000)]),
    );
    assert.deepEqual(ticks[2] && requestsIn(ticks[2]), { 200: 3, 500: 1 });
    assert.ok(isUnread(ticks[3]));
  });

  it("are noticed if one series fell since the pod was listed, although another may have fallen before", () => {
    const of = (ok: number, okAt: number, failed: number, failedAt: number) =>
      read("a", [...requests({ 200: ok }, okAt), ...requests({ 500: failed }, failedAt)]);
    const ticks = ticksOf(reading(3, [a], [of(5000, 0, 5, 3000)]), reading(18, [a], [of(4900, 15_000, 4, 18_000)]));
    assert.ok(isUnread(ticks[1]));
  });

  it("are not noticed by a sample that comes again with a lower value, which is no later one", () => {
    const ticks = ticksOf(reading(0, [a], [ofA(one, 0)]), reading(5, [a], [ofA(other, 0)]));
    assert.deepEqual(ticks[1] && requestsIn(ticks[1]), { 200: 0, 500: 0 });
  });

  it("do not concern a gateway, whose processes are no pods of the service", () => {
    const backend = (count: number) => read("canary by g", requests({ 200: count }));
    const ticks = ticksOf(reading(0, [a], [backend(100)]), reading(5, [a], [backend(4)]));
    assert.deepEqual(ticks[1] && requestsIn(ticks[1], "canary by g"), { 200: 4 });
  });

  it("never count an old request twice, whichever process answers and whatever each has counted", () => {
    const process = fc.record({ ok: fc.nat(5000), failed: fc.nat(50) });
    fc.assert(
      fc.property(
        fc.array(process, { minLength: 2, maxLength: 4 }),
        fc.array(fc.nat(3), { maxLength: 30 }),
        (all, turns) => {
          const ticks = ticksOf(
            ...turns.map((turn, at) => {
              const { ok, failed } = all[turn % all.length] as (typeof all)[number];
              return reading(at, [a], [ofA({ 200: ok, 500: failed })]);
            }),
          );
          const total = (code: string) =>
            ticks.reduce((sum, tick) => sum + ((tick && requestsIn(tick)?.[code as "200"]) ?? 0), 0);
          // Without a new request, all that can seem new is the way from the least to the most that any of them has counted.
          const span = (of: readonly number[]) => Math.max(...of) - Math.min(...of);
          assert.ok(total("200") <= span(all.map(({ ok }) => ok)));
          assert.ok(total("500") <= span(all.map(({ failed }) => failed)));
        },
      ),
    );
  });
});
