import assert from "node:assert/strict";
import { ratesOf } from "../../analysis/rates.ts";
import { canary, stable, tick } from "./ticks.ts";

describe("the rates of an arm", () => {
  it("are its answers per second, by class, over all its pods and ticks", () => {
    const ticks = [1, 2].map((second) => tick(second, { requests: 20, failed: second }, { requests: 10, failed: 1 }));
    assert.deepEqual(ratesOf(ticks, [canary]), { tps2xx: 18.5, tps5xx: 1.5 });
    assert.deepEqual(ratesOf(ticks, [stable]), { tps2xx: 81, tps5xx: 9 });
  });

  it("are zero without ticks", () => {
    assert.deepEqual(ratesOf([], [canary]), { tps2xx: 0, tps5xx: 0 });
  });

  it("have the quantiles of the histogram, interpolated within a bucket", () => {
    const found = ratesOf([tick(1, { requests: 100, slower: { 0.1: 60, 0.2: 10, 1: 0 } })], [canary]);
    assert.ok(Math.abs((found.p50 ?? 0) - 0.12) < 1e-9);
    assert.ok(Math.abs((found.p99 ?? 0) - 0.92) < 1e-9);
  });

  it("are infinite beyond the last edge", () => {
    assert.equal(ratesOf([tick(1, { requests: 100, slower: { 0.1: 5 } })], [canary]).p99, Infinity);
  });
});
