import assert from "node:assert/strict";
import type { Sample } from "../../analysis/reading.ts";
import { a, lastTick } from "./counted.ts";
import { histogram, read, reading, requests } from "./reading.ts";

describe("a target's series in a tick", () => {
  const tickOf = (before: Sample[], after: Sample[]) =>
    lastTick(reading(0, [a], [read("a", before)]), reading(5, [a], [read("a", after)])).targets[0];

  it("are requests by code, requests slower than each edge, and pairs", () => {
    const pair = (of: "bad" | "total", value: number): Sample => ({
      id: of,
      counter: { kind: "pair", name: "orders", of },
      value,
    });
    const tick = tickOf(
      [...requests({ 200: 10 }), ...histogram({ 1: 8, 0.1: 5, all: 10 }), pair("bad", 0), pair("total", 6)],
      [...requests({ 200: 30 }), ...histogram({ 1: 25, 0.1: 20, all: 30 }), pair("bad", 1), pair("total", 9)],
    );
    assert.deepEqual(tick, {
      target: "a",
      release: a.release,
      pod: true,
      requests: { 200: 20 },
      latency: {
        total: 20,
        slower: [
          [0.1, 5],
          [1, 3],
        ],
      },
      pairs: { orders: { bad: 1, total: 3 } },
    });
  });

  it("have no latency if a histogram has no total", () => {
    assert.equal(tickOf(histogram({ 1: 8 }), histogram({ 1: 9 }))?.latency, undefined);
  });

  it("have latency at the edges that all histograms share", () => {
    const before = [...histogram({ 0.1: 0, 1: 0, all: 0 }, "GET"), ...histogram({ 1: 0, 5: 0, all: 0 }, "POST")];
    const after = [...histogram({ 0.1: 3, 1: 4, all: 5 }, "GET"), ...histogram({ 1: 2, 5: 3, all: 6 }, "POST")];
    assert.deepEqual(tickOf(before, after)?.latency, { total: 11, slower: [[1, 5]] });
  });

  it("have no pair without a counter of its total", () => {
    const bad: Sample = { id: "bad", counter: { kind: "pair", name: "orders", of: "bad" }, value: 1 };
    assert.deepEqual(tickOf([bad], [{ ...bad, value: 2 }])?.pairs, {});
  });

  it("never have more slow requests at a higher edge, nor fewer than zero, even if the scrape is not atomic", () => {
    const tick = tickOf(histogram({ 0.1: 0, 1: 0, 5: 0, all: 0 }), histogram({ 0.1: 8, 1: 6, 5: 11, all: 10 }));
    assert.deepEqual(tick?.latency?.slower, [
      [0.1, 2],
      [1, 2],
      [5, 0],
    ]);
  });
});
