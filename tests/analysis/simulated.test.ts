import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import { judge } from "../../analysis/verdict.ts";
import { Chance } from "../../benchmarks/evidence/chance.ts";
import { hourOf, type Traffic } from "../../benchmarks/evidence/traffic.ts";
import { runs } from "../long.ts";

/** A few simulated hours of each kind of traffic, with fixed seeds: all with GRAY_LONG=1; npm run bench:evidence runs a thousand. */
const hours = runs(12);

function ends(traffic: Traffic, seconds: number): { verdict: string; at: number }[] {
  return Array.from({ length: hours }, (_, run) => {
    const evidence = new Evidence({ canary: "B", stable: ["A"] });
    for (const tick of hourOf(traffic, new Chance(run), true)) {
      if (tick.at > seconds * 1000) break;
      evidence.observe(tick);
      const { verdict } = judge(evidence, tick.at);
      if (verdict !== "undecided") return { verdict, at: tick.at / 1000 };
    }
    return { verdict: "undecided", at: seconds };
  });
}

describe("the verdict on simulated traffic, 200 requests a second with 10 % to canary,", () => {
  const clean: [string, Traffic][] = [
    ["with 0.1 % of errors", { errors: 0.001 }],
    ["with drift and a minute of trouble on both tracks", { errors: 0.005, trouble: true }],
    ["with errors in bursts of five", { errors: 0.001, bunch: 5 }],
    ["with unequal pods", { errors: 0.005, unequal: 0.2 }],
  ];
  for (const [what, traffic] of clean) {
    it(`is never bad for a release equal to stable ${what}`, () => {
      assert.deepEqual(
        ends(traffic, 900).filter(({ verdict }) => verdict === "bad"),
        [],
      );
    });
  }

  it("is always bad within 15 s for a release with 5 % of errors", () => {
    const found = ends({ errors: 0, canaryErrors: 0.05 }, 900);
    assert.ok(
      found.every(({ verdict, at }) => verdict === "bad" && at <= 15),
      JSON.stringify(found),
    );
  });

  it("is always bad for a release with five times as many errors", () => {
    assert.ok(ends({ errors: 0.001, ratio: 5 }, 900).every(({ verdict }) => verdict === "bad"));
  });

  it("is always good within 15 min for a release without errors", () => {
    assert.ok(ends({ errors: 0 }, 900).every(({ verdict }) => verdict === "good"));
  });
});
