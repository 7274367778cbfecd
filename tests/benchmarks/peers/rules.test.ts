import assert from "node:assert/strict";
import { analysisTemplate, canary } from "../../../benchmarks/peers/argo-rollouts.ts";
import { analysis } from "../../../benchmarks/peers/flagger.ts";
import { opens } from "../../../benchmarks/peers/promotion-gate.ts";
import { settings } from "../../../benchmarks/peers/rules.ts";

const { equal, documented } = settings;

describe("what the peers are told", () => {
  it("of Argo Rollouts is what its documentation shows", () => {
    const { steps } = canary(documented["argo-rollouts"]) as { steps: object[] };
    assert.deepEqual(steps.slice(0, 3), [{ setWeight: 20 }, { pause: { duration: "600s" } }, { setWeight: 40 }]);
    assert.equal(steps.length, 8);
    const { spec } = analysisTemplate(documented["argo-rollouts"], "http://prometheus") as {
      spec: { metrics: { interval: string; successCondition: string; failureLimit: number }[] };
    };
    const [metric] = spec.metrics;
    assert.deepEqual(
      [metric?.interval, metric?.successCondition, metric?.failureLimit],
      ["300s", "result[0] >= 0.95", 3],
    );
  });

  it("of Flagger is what its documentation shows", () => {
    const { webhooks, ...told } = analysis(documented.flagger, "http://gate") as { webhooks: object[] };
    assert.equal(webhooks.length, 1);
    assert.deepEqual(told, {
      interval: "60s",
      threshold: 5,
      maxWeight: 50,
      stepWeights: [10, 20, 30, 40, 50],
      metrics: [
        { name: "error-rate", templateRef: { name: "error-rate" }, thresholdRange: { max: 1 }, interval: "60s" },
      ],
    });
  });

  it("lets each release wait as long as ours where the waits are equal", () => {
    assert.match(equal.gray, /weight: 10, atLeast: 120 }/);
    for (const { weights, seconds } of [equal["argo-rollouts"], equal.flagger]) {
      assert.deepEqual([weights, seconds], [[10], 120]);
    }
  });
});

describe("Flagger's gate", () => {
  it("opens with the question that comes when the last weight has been in force for its time", () => {
    // The first question comes 10 s after the weight.
    assert.deepEqual(
      [0, 90, 99.6, 109.6, 110.4].map((second) => opens(equal.flagger, second * 1000)),
      [false, false, false, true, true],
    );
  });

  it("is open from the first question on where a step is as long as the interval", () => {
    assert.ok(opens(documented.flagger, 0));
  });
});
