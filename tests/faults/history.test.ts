import assert from "node:assert/strict";
import * as v from "valibot";
import { resolvedStepsSchema } from "../../components/step.ts";
import { decisions, historyOf, processFaults, processHistoryOf } from "./history.ts";
import { requestFaults } from "./weather.ts";

const all = Array.from({ length: 1000 }, (_, seed) => historyOf(seed));

describe("the histories of the fault campaign", () => {
  it("are the same for the same seed", () => {
    assert.deepEqual(historyOf(7), historyOf(7));
    assert.notDeepEqual(historyOf(7), historyOf(8));
  });

  it("have plans that a program could have", () => {
    for (const { steps } of all) assert.ok(v.is(resolvedStepsSchema, steps));
    assert.ok(new Set(all.map(({ steps }) => steps.length)).size >= 3);
  });

  it("know each decision and each fault", () => {
    const has = <T>(found: readonly T[], wanted: readonly T[]) => {
      for (const each of wanted) assert.ok(found.includes(each), String(each));
    };
    has(
      all.flatMap((history) => history.decisions.map(({ decision }) => decision)),
      decisions,
    );
    has(
      all.flatMap((history) => history.processFaults.map(({ fault }) => fault)),
      processFaults,
    );
    has(
      all.flatMap(({ storms }) => storms.flatMap(({ faults }) => faults)),
      requestFaults,
    );
    has(
      all.map(({ never }) => never),
      [undefined, "canary", "stable"],
    );
  });

  it("become calm, and nobody decides anything from then on", () => {
    for (const { calm, storms, decisions, evidence } of [...all, processHistoryOf(7)]) {
      const times = [...storms.map(({ to }) => to), ...decisions.map(({ at }) => at)];
      for (const at of [...times, ...Object.values(evidence).flatMap((each) => each.map((one) => one.at))]) {
        assert.ok(at <= calm);
      }
    }
  });
});
