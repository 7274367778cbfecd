import assert from "node:assert/strict";
import fc from "fast-check";
import { steadyPods } from "../../../components/traffic/steady-pods.ts";

const anyIdeal = fc.double({ min: 0, max: 500, noNaN: true });
const anyCurrent = fc.integer({ min: 1, max: 500 });
const anyRounding = fc.constantFrom("nearest" as const, "up" as const);

describe("canary's number of pods beside a stable that is scaled", () => {
  for (const [sentence, ideal, rounding, current, expected] of [
    ["is the nearest number at first", 1.5, "nearest", undefined, 2],
    ["is the next number at first if the pods carry a load", 1.1, "up", undefined, 2],
    ["is exact for a quotient with a rounding error", 2.0000000000000004, "up", undefined, 2],
    ["is the ideal one for a canary without pods", 3, "nearest", 0, 3],
    ["stays if it is the nearest number", 1.4, "nearest", 1, 1],
    ["stays a little above that", 1.64, "nearest", 1, 1],
    ["moves further above", 1.66, "nearest", 1, 2],
    ["stays a little below the nearest number", 1.36, "nearest", 2, 2],
    ["moves further below", 1.34, "nearest", 2, 1],
    ["stays within 10 % of many pods", 22, "nearest", 20, 20],
    ["moves beyond 10 % of many pods", 22.6, "nearest", 20, 23],
    ["stays if the load grows a little", 3.3, "up", 3, 3],
    ["moves up if the load grows more", 3.4, "up", 3, 4],
    ["stays if the load shrinks a little", 1.85, "up", 3, 3],
    ["moves down if one pod less carries the load with ease", 1.75, "up", 3, 2],
    ["moves by several pods at once", 9, "nearest", 1, 9],
  ] as const) {
    it(sentence, () => assert.equal(steadyPods(ideal, rounding, current), expected));
  }

  it("settles at once: where it has moved to, it stays", () => {
    fc.assert(
      fc.property(anyIdeal, anyRounding, anyCurrent, (ideal, rounding, current) => {
        const moved = steadyPods(ideal, rounding, current);
        assert.equal(steadyPods(ideal, rounding, moved), moved);
      }),
    );
  });

  it("does not go back and forth: a change that moved it is undone by a larger one only", () => {
    const small = fc.double({ min: 0, max: 0.25, noNaN: true });
    fc.assert(
      fc.property(anyIdeal, small, anyRounding, (ideal, change, rounding) => {
        const first = steadyPods(ideal, rounding);
        const there = steadyPods(ideal + change, rounding, first);
        if (there === first || first === 0) return;
        assert.equal(steadyPods(ideal + change - 0.14, rounding, there), there);
      }),
    );
  });

  it("carries at least 10/11 of the load, and of a small one all but 0.15 pods", () => {
    fc.assert(
      fc.property(anyIdeal, anyCurrent, (ideal, current) => {
        const pods = steadyPods(ideal, "up", current);
        assert.ok(pods * 1.1 + 1e-9 >= ideal || pods + 0.15 + 1e-9 >= ideal, `${pods} pods for ${ideal}`);
      }),
    );
  });

  it("never has a share over one and a half times the ideal one, unless one pod is too many", () => {
    fc.assert(
      fc.property(fc.double({ min: 2 / 3, max: 500, noNaN: true }), anyCurrent, (ideal, current) => {
        const pods = Math.max(1, steadyPods(ideal, "nearest", current));
        assert.ok(pods <= 1.5 * ideal + 1e-9, `${pods} pods for ${ideal}`);
      }),
    );
  });
});
