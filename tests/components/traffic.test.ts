import assert from "node:assert/strict";
import fc from "fast-check";
import { describeTraffic, gatewayMode, replicasMode, rollOrder, type Traffic } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";

const labels = { app: "web" };
const plan = (weight: number, stable: number, acceptShare = false) =>
  replicasMode(acceptShare).plan(weight, stable, labels);
const anyWeight = fc.double({ min: 0.1, max: 50, noNaN: true });
const anySize = fc.integer({ min: 1, max: 500 });

describe("traffic by number of pods", () => {
  it("gives one canary pod beside nine for 10 %", () => {
    assert.deepEqual(plan(10, 9), { weight: 10, canaryReplicas: 1, selector: labels, share: 10 });
  });

  it("gives both tracks as many pods for 50 %", () => {
    fc.assert(fc.property(anySize, (stable) => assert.equal(plan(50, stable).canaryReplicas, stable)));
  });

  it("selects only stable at 0 %, with a canary pod that runs dark", () => {
    fc.assert(
      fc.property(anySize, (stable) => {
        const { canaryReplicas, selector, share } = plan(0, stable);
        assert.deepEqual([canaryReplicas, selector, share], [1, { app: "web", track: "stable" }, 0]);
      }),
    );
  });

  it("never excludes stable", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        assert.notEqual(plan(weight, stable, true).selector.track, "canary");
      }),
    );
  });

  it("gives at most 1.5 times the requested share, or refuses", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        const planned = planOrRefusal(weight, stable);
        if (planned !== undefined) assert.ok(planned.share <= 1.5 * weight);
      }),
    );
  });

  it("comes as near to the requested share as whole pods can", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        const { canaryReplicas } = plan(weight, stable, true);
        const wanted = (weight * stable) / (100 - weight);
        assert.ok(Math.abs(canaryReplicas - wanted) <= 0.5 + 1e-9 || canaryReplicas === 1);
      }),
    );
  });

  it("returns the actual share of its pods", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        const { canaryReplicas, share } = plan(weight, stable, true);
        assert.ok(Math.abs(share - (100 * canaryReplicas) / (canaryReplicas + stable)) < 1e-9);
      }),
    );
  });

  it("has no fewer canary pods at a higher weight", () => {
    fc.assert(
      fc.property(anyWeight, anyWeight, anySize, (a, b, stable) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        assert.ok(plan(low, stable, true).canaryReplicas <= plan(high, stable, true).canaryReplicas);
      }),
    );
  });

  it("refuses 10 % of three pods and offers a weight that is possible", () => {
    assert.throws(
      () => plan(10, 3),
      new UserError(
        "weight is 10 and 3 stable pods cannot serve 10 %: 1 canary pod beside them gets 25 % of the requests; use weight 25, more stable pods, or acceptShare: true.",
      ),
    );
  });

  it("offers in its error message a weight that it accepts", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        if (planOrRefusal(weight, stable) !== undefined) return;
        const [, offered] = /use weight (\d+)/.exec(refusal(weight, stable)) ?? [];
        assert.ok(Number(offered) > 0, `weight ${weight} of ${stable} pods offers weight ${offered}`);
        assert.doesNotThrow(() => plan(Number(offered), stable));
      }),
    );
  });

  it("accepts such a share with acceptShare", () => {
    assert.equal(plan(10, 3, true).share, 25);
  });

  it("refuses more than 50 %", () => {
    assert.throws(() => plan(51, 9), /weight is 51 and traffic by number of pods supports at most 50/);
  });

  function refusal(weight: number, stable: number): string {
    try {
      plan(weight, stable);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  }

  function planOrRefusal(weight: number, stable: number): Traffic | undefined {
    try {
      return plan(weight, stable);
    } catch (error) {
      assert.ok(error instanceof UserError);
      return undefined;
    }
  }
});

describe("traffic by weights of backends", () => {
  const split = (weight: number, stable: number, minimum?: number) => gatewayMode(minimum).plan(weight, stable, labels);
  const anyShare = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 1, max: 99_999 }).map((thousandths) => thousandths / 1000),
  );

  it("gives canary the weight with any number of pods", () => {
    assert.deepEqual(split(10, 9), {
      weight: 10,
      canaryReplicas: 2,
      selector: labels,
      share: 10,
      backends: { stable: 90, canary: 10 },
    });
    fc.assert(
      fc.property(anyShare, anySize, (weight, stable) => {
        assert.ok(Math.abs(split(weight, stable).share - weight) < 1e-9);
      }),
    );
  });

  it("has whole numbers as backend weights, as the API requires", () => {
    fc.assert(
      fc.property(anyShare, (weight) => {
        const { stable, canary } = split(weight, 9).backends ?? { stable: Number.NaN, canary: Number.NaN };
        assert.ok([stable, canary].every((each) => Number.isInteger(each) && each >= 0 && each <= 1_000_000));
        assert.equal(canary === 0, weight === 0);
        assert.equal(stable === 0, weight === 100);
      }),
    );
  });

  it("has as many canary pods as its share of the load needs, and never fewer than the minimum", () => {
    assert.deepEqual(
      [0, 1, 23, 50, 100].map((weight) => split(weight, 9).canaryReplicas),
      [2, 2, 3, 5, 9],
    );
    assert.equal(split(10, 9, 1).canaryReplicas, 1);
    assert.equal(split(14.5, 200).canaryReplicas, 29);
    fc.assert(
      fc.property(anyShare, anySize, fc.integer({ min: 1, max: 9 }), (weight, stable, minimum) => {
        const { canaryReplicas } = split(weight, stable, minimum);
        assert.ok(canaryReplicas >= minimum && canaryReplicas >= (weight * stable) / 100 - 1e-9);
        assert.ok(canaryReplicas === minimum || canaryReplicas - 1 < (weight * stable) / 100);
      }),
    );
  });

  it("selects only stable at 0 %, for callers inside the cluster, and never excludes stable", () => {
    assert.deepEqual(split(0, 9).selector, { app: "web", track: "stable" });
    assert.deepEqual(split(100, 9).selector, labels);
  });

  it("refuses a weight with more digits than backend weights can express", () => {
    assert.throws(
      () => split(0.0001, 9),
      new UserError("weight is 0.0001 and a gateway supports steps of 0.001: remove the further digits."),
    );
  });
});

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
