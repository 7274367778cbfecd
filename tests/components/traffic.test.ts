import assert from "node:assert/strict";
import { gatewayMode } from "../../components/traffic/gateway/mode.ts";
import { replicasMode } from "../../components/traffic/replicas/mode.ts";
import { describeTraffic, rollOrder, shiftOf, type Traffic, tracks } from "../../components/traffic.ts";

const labels = { app: "web" };
const plan = (weight: number, stable: number) => replicasMode().plan(weight, stable, labels);

describe("the description of the traffic in preview", () => {
  it("has the requested share, the actual share and the number of pods", () => {
    assert.equal(describeTraffic(plan(10, 9), 9), "asked 10 %, reached 10 %: 1 of 10 pods");
    assert.equal(describeTraffic(plan(12, 9), 9), "asked 12 %, reached 10 %: 1 of 10 pods");
    assert.equal(describeTraffic(plan(10, 10), 10), "asked 10 %, reached 9.1 %: 1 of 11 pods");
  });

  it("calls weight 0 dark", () => {
    assert.equal(describeTraffic(plan(0, 9), 9), "canary is dark: no user request reaches it");
    const dark = gatewayMode().plan(0, 9, labels);
    assert.equal(describeTraffic(dark, 9), "canary is dark: no user request reaches it without the token");
  });

  it("names backend weights and the number of canary pods", () => {
    const description = (weight: number, minimum?: number) =>
      describeTraffic(gatewayMode(minimum).plan(weight, 9, labels), 9);
    assert.equal(
      description(10),
      "asked 10 %, reached 10 %: by backend weights, 2 canary pods; callers inside the cluster reach canary on 2 of 11 pods",
    );
    assert.equal(
      description(0.005, 1),
      "asked 0.005 %, reached 0.005 %: by backend weights, 1 canary pod; callers inside the cluster reach canary on 1 of 10 pods",
    );
  });
});

it("the tracks are stable and canary, in this order", () => {
  assert.deepEqual(tracks, ["stable", "canary"]);
});

describe("the change of canary's share", () => {
  const last = { weight: 10, from: 0, to: 10 };
  for (const [sentence, weight, share, inForce, before, expected] of [
    ["is from dark at first", 10, 10, undefined, undefined, { weight: 10, from: 0, to: 10 }],
    ["is from the share in force if it rises", 20, 20, 10, last, { weight: 20, from: 10, to: 20 }],
    ["is from the share in force if it falls", 5, 5, 10, last, { weight: 5, from: 10, to: 5 }],
    ["is the last one if nothing changes", 10, 10, 10, last, last],
    ["is the last one if the share falls by itself at the same weight", 10, 9.1, 10, last, last],
    ["is a new one if the share rises at the same weight", 10, 10, 0, last, last],
    [
      "is a new one if the share rises by itself at the same weight",
      10,
      12.5,
      10,
      last,
      { weight: 10, from: 10, to: 12.5 },
    ],
    ["is the last one if the share differs by less than the finest weight", 10, 10.0004, 10, last, last],
    ["is a new one from half of the finest weight on", 10, 0.0005, 0, last, { weight: 10, from: 0, to: 0.001 }],
    ["is not there without a last one if nothing changes", 10, 10, 10, undefined, { weight: 10, from: 10, to: 10 }],
    ["has three digits", 10, 9.09090909, 3.33333333, undefined, { weight: 10, from: 3.333, to: 9.091 }],
  ] as const) {
    it(sentence, () => {
      const traffic: Traffic = { weight, share, canaryReplicas: 1, selector: labels };
      assert.deepEqual(shiftOf(traffic, inForce, before), expected);
    });
  }
});

describe("the order of updates", () => {
  it("is pods first if the weight rises", () => {
    assert.equal(rollOrder(0, 10), "pods-first");
    assert.equal(rollOrder(10, 20), "pods-first");
    assert.equal(rollOrder(undefined, 10), "pods-first");
  });

  it("is traffic first if the weight falls, stays, or canary starts dark", () => {
    assert.equal(rollOrder(20, 10), "traffic-first");
    assert.equal(rollOrder(10, 0), "traffic-first");
    assert.equal(rollOrder(10, 10), "traffic-first");
    assert.equal(rollOrder(undefined, 0), "traffic-first");
  });
});
