import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import { judge } from "../../analysis/verdict.ts";
import { Chance } from "../../benchmarks/evidence/chance.ts";
import { logOfClients } from "../../benchmarks/evidence/clients.ts";
import { hourOfLog, type Service, type Split } from "../../benchmarks/evidence/split.ts";
import { hourOf } from "../../benchmarks/evidence/traffic.ts";
import { runs } from "../long.ts";

/** A few hours with fixed seeds; more with GRAY_LONG=1, and `npm run bench:evidence -- --data` has real logs. */
const hours = runs(12);

function convictions(service: Service): string[] {
  return Array.from({ length: hours }, (_, run) => {
    const chance = new Chance(run + 1);
    const evidence = new Evidence({ canary: "B", stable: ["A"] });
    for (const tick of hourOfLog(logOfClients(chance), service, chance)) {
      evidence.observe(tick);
      if (evidence.conviction) return evidence.conviction.reason;
    }
    return undefined;
  }).filter((reason) => reason !== undefined);
}

describe("the verdict where a client stays with its pod or arm, and few clients have all errors,", () => {
  const sticky: readonly Split[] = ["connection", "client-pod", "client-arm"];
  for (const split of sticky) {
    for (const [share, stablePods, canaryPods] of [
      [0.1, 9, 1],
      [0.5, 5, 5],
    ] as const) {
      it(`is not bad for a release equal to stable, by ${split} with ${100 * share} % to canary`, () => {
        assert.deepEqual(convictions({ split, share, stablePods, canaryPods }), []);
      });
    }
  }

  it("is bad for a release that fails five times as often, of any client", () => {
    const canary: Service["canary"] = (request, chance) =>
      chance.uniform() < 0.022 ? { ...request, status: "500" } : request;
    const found = convictions({ split: "connection", share: 0.5, stablePods: 5, canaryPods: 5, canary });
    assert.ok(found.length >= 0.9 * hours, `${found.length} of ${hours}`);
  });

  it("has no need of bunching where each request is routed by itself, nor for failures of pods", () => {
    const bunching = (perRequest: boolean) => {
      const evidence = new Evidence({ canary: "B", stable: ["A"], perRequest });
      const [tick] = hourOf({ errors: 0.5 }, new Chance(1), false);
      if (tick) evidence.observe(tick);
      return ["5xx", "stability"].map((name) => evidence.streams.get(name)?.get(name)?.bunching !== undefined);
    };
    assert.deepEqual(
      [bunching(false), bunching(true)],
      [
        [true, false],
        [false, false],
      ],
    );
  });

  it("waits where failures come in bursts, and says so", () => {
    const evidence = new Evidence({ canary: "B", stable: ["A"] });
    let last = 0;
    for (const tick of hourOf({ errors: 0 }, new Chance(1), false)) {
      const isBurst = tick.at > 600_000 && tick.at <= 640_000;
      evidence.observe(isBurst ? failing(tick, 8) : tick);
      last = tick.at;
      if (tick.at >= 640_000) break;
    }
    const { verdict, guard, reason } = judge(evidence, last);
    assert.deepEqual([verdict, guard], ["undecided", "burst"]);
    assert.match(reason, /canary answers 5xx more often than stable, but in bursts, as those of a few clients are/);
  });

  it("does not wait where canary fails in a large part of many requests, however late it begins", () => {
    const evidence = new Evidence({ canary: "B", stable: ["A"] });
    for (const tick of hourOf({ errors: 0 }, new Chance(1), false)) {
      evidence.observe(tick.at > 1_200_000 ? failing(tick, 50) : tick);
      if (evidence.conviction) break;
    }
    assert.ok((evidence.conviction?.at ?? Infinity) <= 1_275_000, String(evidence.conviction?.at));
  });
});

/** The tick with so many failed requests of canary. */
function failing<T extends ReturnType<typeof hourOf> extends Generator<infer U> ? U : never>(
  tick: T,
  failed: number,
): T {
  const targets = tick.targets.map((each) =>
    each.release === "B" ? { ...each, requests: { ...each.requests, "500": failed } } : each,
  );
  return { ...tick, targets };
}
