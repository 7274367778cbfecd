import assert from "node:assert/strict";
import * as v from "valibot";
import { planSchema } from "../../components/plan.ts";
import { planOfRollout } from "../../describe/argo-rollout.ts";
import { durationIn } from "../../describe/duration.ts";
import { planOfCanary } from "../../describe/flagger-canary.ts";
import { unreachable } from "../../describe/plan-steps.ts";
import type { Remark } from "../../describe/remark.ts";
import { metadata } from "./live.ts";

const rollout = (canary: Record<string, unknown>) =>
  planOfRollout({ metadata: metadata(), spec: { strategy: { canary } } });
const canary = (analysis: Record<string, unknown>, spec: object = {}) =>
  planOfCanary({ metadata: metadata(), spec: { analysis, ...spec } });
const listed = (remarks: readonly Remark[]) => remarks.map(({ kind, what }) => `${kind} ${what}`);

describe("the plan of a Rollout of Argo Rollouts", () => {
  it("has the weights, with their pauses as least times and as approvals", () => {
    const steps = [
      { setWeight: 5 },
      { pause: { duration: "10m" } },
      { setWeight: 20 },
      { pause: {} },
      { setWeight: 50 },
      { pause: { duration: 30 } },
      { pause: { duration: "1h30m" } },
      { setWeight: 100 },
    ];
    const { plan, remarks } = rollout({ steps });
    assert.deepEqual(plan.steps, [
      { stage: "dark" },
      { stage: "canary", weight: 5, atLeast: 600, atMost: 1200 },
      { stage: "canary", weight: 20 },
      { stage: "canary", weight: 50, approval: true, atLeast: 5430, atMost: 10_860 },
      { stage: "full" },
    ]);
    assert.deepEqual(remarks, []);
    assert.ok(v.safeParse(planSchema, plan).success);
  });

  it("lists what is no weight and no pause", () => {
    const steps = [
      { setWeight: 10 },
      { analysis: { templates: [] } },
      { setCanaryScale: { replicas: 1 } },
      { setWeight: 10 },
    ];
    const { plan, remarks } = rollout({ steps, trafficRouting: { nginx: {} }, stableService: "web", other: 1 });
    assert.deepEqual(plan.steps?.length, 3);
    assert.deepEqual(listed(remarks), [
      "not-described Rollout web: step 2: analysis",
      "not-described Rollout web: step 3: setCanaryScale",
      "differs Rollout web: weight 10",
      "not-described Rollout web: strategy.canary.trafficRouting",
      "not-described Rollout web: strategy.canary.stableService",
      "not-described Rollout web: strategy.canary.other",
    ]);
  });

  it("is the usual one without steps, and dark and full for a blue/green strategy", () => {
    assert.deepEqual(rollout({}).plan, {});
    const blueGreen = planOfRollout({ metadata: metadata(), spec: { strategy: { blueGreen: {} } } });
    assert.deepEqual(blueGreen.plan.steps, [{ stage: "dark" }, { stage: "full", approval: true }]);
    assert.match(blueGreen.remarks[0]?.what ?? "", /strategy\.blueGreen/);
  });
});

describe("the plan of a Canary of Flagger", () => {
  it("has the weights from step to step, each with the interval as its least time", () => {
    const { plan } = canary({ interval: "1m", stepWeight: 20, maxWeight: 50 });
    const timed = { stage: "canary", atLeast: 60 };
    assert.deepEqual(plan.steps, [
      { stage: "dark" },
      { ...timed, weight: 20 },
      { ...timed, weight: 40 },
      { stage: "full" },
    ]);
    const listedWeights = canary({ interval: "1m", stepWeights: [1, 2, 60] });
    assert.deepEqual(
      listedWeights.plan.steps?.map((step) => ("weight" in step ? step.weight : step.stage)),
      ["dark", 1, 2, 60, "full"],
    );
    assert.ok(v.safeParse(planSchema, listedWeights.plan).success);
  });

  it("says what becomes of metrics, threshold and all the rest", () => {
    const metrics = [
      { name: "request-success-rate", thresholdRange: { min: 99 } },
      { name: "request-duration" },
      { name: "own" },
    ];
    const { remarks } = canary(
      { interval: "soon", threshold: 5, stepWeight: 10, maxWeight: 50, metrics, webhooks: [], sessionAffinity: {} },
      { service: { port: 80 }, autoscalerRef: {} },
    );
    assert.deepEqual(listed(remarks), [
      "not-described Canary web: analysis.interval",
      "differs Canary web: analysis.threshold 5",
      "differs Canary web: analysis.metrics request-success-rate",
      "differs Canary web: analysis.metrics request-duration",
      "not-described Canary web: analysis.metrics own",
      "not-described Canary web: analysis.webhooks",
      "not-described Canary web: analysis.sessionAffinity",
      "not-described Canary web: service",
      "not-described Canary web: autoscalerRef",
    ]);
  });
});

describe("the steps of another tool", () => {
  it("are reported where whole pods cannot express their weights", () => {
    const plan = {
      steps: [{ stage: "canary", weight: 5 }, { stage: "canary", weight: 25 }, { stage: "full" }],
    } as const;
    const args = { namespace: "shop", containers: [], ports: [{ port: 80 }], replicas: 3 };
    assert.match(unreachable(plan, args)[0]?.why ?? "", /weight is 5, but 1 canary pod beside 3 stable pods gets 25 %/);
    assert.equal(unreachable(plan, args).length, 1);
    assert.deepEqual(unreachable(plan, { ...args, replicas: "external" }), []);
    assert.deepEqual(unreachable(plan, { ...args, gateway: { routes: [] } }), []);
  });
});

describe("a duration of another tool", () => {
  for (const [text, seconds] of [
    [30, 30],
    ["30", 30],
    ["1h30m", 5400],
    ["1.5m", 90],
    ["500ms", 1],
    ["1d", undefined],
    ["", undefined],
  ] as const) {
    it(`of ${JSON.stringify(text)} is ${seconds} s`, () => assert.equal(durationIn(text), seconds));
  }
});
