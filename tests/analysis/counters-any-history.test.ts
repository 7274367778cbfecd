import assert from "node:assert/strict";
import fc from "fast-check";
import { advance, type Counters, nothingCounted } from "../../analysis/counters.ts";
import type { Reading } from "../../analysis/reading.ts";
import { runs } from "../long.ts";
import { a, ticksOf } from "./counted.ts";
import { pod, read, reading, requests, unread } from "./reading.ts";

describe("ticks of random histories", () => {
  const codes = ["200", "404", "500"];
  const step = fc.record({
    /** Requests by status code, for each of two pods. */
    more: fc.array(fc.array(fc.nat(20), { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 2 }),
    look: fc.boolean(),
    fails: fc.boolean(),
    anew: fc.boolean(),
  });
  const pods = [a, pod("b")];

  /** Readings of two pods whose counters only grow. A code has a series after its first request. */
  function history(steps: readonly { more: number[][]; look: boolean; fails?: boolean; anew?: boolean }[]): Reading[] {
    const totals = pods.map(() => codes.map(() => 0));
    const last = steps.length - 1;
    return steps.flatMap(({ more, look, fails = false, anew = false }, index) => {
      if (anew) totals[0] = codes.map(() => 0);
      for (const [which, counts] of more.entries()) {
        for (const [code, count] of counts.entries())
          (totals[which] as number[])[code] = at(totals, which, code) + count;
      }
      if (!look && index !== 0 && index !== last) return [];
      const targets = pods.map(({ name }, which) => {
        const counts = codes.map((code, position) => [code, at(totals, which, position)] as const);
        return fails && which === 0 && index !== 0 && index !== last
          ? unread(name)
          : read(name, requests(Object.fromEntries(counts.filter(([, count]) => count > 0))));
      });
      return [reading(index, pods, targets)];
    });
  }
  const at = (totals: number[][], which: number, code: number) => totals[which]?.[code] ?? 0;

  function sum(readings: Reading[], state: Counters = nothingCounted): Record<string, number> {
    const total: Record<string, number> = {};
    for (const each of readings) {
      const { after, tick } = advance(state, each);
      state = after;
      for (const { target, requests } of tick?.targets ?? []) {
        for (const [code, count] of Object.entries(requests)) {
          if (count > 0) total[`${target} ${code}`] = (total[`${target} ${code}`] ?? 0) + count;
        }
      }
    }
    return total;
  }

  it("have the same sum whatever the times of the polls, and whatever could not be read in between", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
        const growing = steps.map(({ anew: _, ...each }) => each);
        const everywhere = growing.map((each) => ({ ...each, look: true, fails: false }));
        assert.deepEqual(sum(history(growing)), sum(history(everywhere)));
      }),
    );
  });

  it("have only finite increments from zero, whenever a process restarts", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
        for (const tick of ticksOf(...history(steps))) {
          for (const { requests } of tick?.targets ?? []) {
            for (const count of Object.values(requests)) assert.ok(Number.isFinite(count) && count >= 0, `${count}`);
          }
        }
      }),
    );
  });

  it("are the same if the state passes through JSON in between", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), fc.nat(11), (steps, cut) => {
        const readings = history(steps);
        let [straight, resumed]: Counters[] = [nothingCounted, nothingCounted];
        for (const [index, each] of readings.entries()) {
          const one = advance(straight as Counters, each);
          const other = advance(index === cut ? JSON.parse(JSON.stringify(resumed)) : resumed, each);
          assert.deepEqual(other.tick, one.tick);
          [straight, resumed] = [one.after, other.after];
        }
      }),
    );
  });

  it("never throw for invalid input, nor count more than its values", () => {
    const value = fc.oneof(fc.nat(50), fc.constantFrom(Number.NaN, Infinity, -1, -0));
    const sample = fc.record(
      {
        id: fc.constantFrom("x", "y", "__proto__", ""),
        process: fc.constantFrom("one", "another"),
        counter: fc.oneof(
          fc.constantFrom("200", "500", "constructor").map((code) => ({ kind: "requests" as const, code })),
          fc.constantFrom(0.1, 1, Infinity, Number.NaN).map((seconds) => ({ kind: "within" as const, seconds })),
          fc.constantFrom("bad" as const, "total" as const).map((of) => ({ kind: "pair" as const, name: "p", of })),
        ),
        value,
        at: fc.oneof(fc.nat(20_000), fc.constant(Number.NaN)),
      },
      { requiredKeys: ["id", "counter", "value"] },
    );
    const target = fc.record(
      {
        target: fc.constantFrom("a", "b", "gateway", "__proto__"),
        release: fc.constantFrom("aaaaaaaaaaaa", "bbbbbbbbbbbb", ""),
        samples: fc.array(sample, { maxLength: 4 }),
        problem: fc.string(),
      },
      { requiredKeys: ["target", "release"] },
    );
    const listed = fc.constantFrom(a, pod("b"), { ...a, restarts: Number.NaN }, { ...a, uid: "__proto__" });
    const anyReading = fc.record({
      at: fc.oneof(fc.nat(20_000), fc.constantFrom(Number.NaN, Infinity)),
      pods: fc.array(listed, { maxLength: 3 }),
      targets: fc.array(target, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(anyReading, { maxLength: 8 }), (readings) => {
        for (const [index, tick] of ticksOf(...readings).entries()) {
          const shown = (readings[index] as Reading).targets
            .flatMap(({ samples = [] }) => samples.map((each) => each.value))
            .filter((each) => each > 0 && Number.isFinite(each))
            .reduce((total, each) => total + each, 0);
          const counted = (tick?.targets ?? [])
            .flatMap(({ requests, pairs, latency }) => [
              ...Object.values(requests),
              ...Object.values(pairs).flatMap(({ bad, total }) => [bad, total]),
              latency?.total ?? 0,
            ])
            .reduce((total, each) => total + (each >= 0 ? each : Number.NaN), 0);
          assert.ok(counted <= shown, `${counted} of ${shown}`);
          for (const each of tick?.pods ?? []) assert.ok(each.restarts >= 0);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});
