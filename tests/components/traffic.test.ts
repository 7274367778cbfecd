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

  it("selects stable alone at 0 %, with a canary pod that runs dark", () => {
    fc.assert(
      fc.property(anySize, (stable) => {
        const { canaryReplicas, selector, share } = plan(0, stable);
        assert.deepEqual([canaryReplicas, selector, share], [1, { app: "web", track: "stable" }, 0]);
      }),
    );
  });

  it("never leaves stable out", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        assert.notEqual(plan(weight, stable, true).selector.track, "canary");
      }),
    );
  });

  it("reaches at most 1.5 times the asked share, or refuses", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        const planned = planOrRefusal(weight, stable);
        if (planned !== undefined) assert.ok(planned.share <= 1.5 * weight);
      }),
    );
  });

  it("comes as near to the asked share as whole pods can", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        const { canaryReplicas } = plan(weight, stable, true);
        const wanted = (weight * stable) / (100 - weight);
        assert.ok(Math.abs(canaryReplicas - wanted) <= 0.5 + 1e-9 || canaryReplicas === 1);
      }),
    );
  });

  it("says the share that its pods really have", () => {
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

  it("refuses 10 % of three pods and says what can be had", () => {
    assert.throws(
      () => plan(10, 3),
      new UserError(
        "weight 10 cannot be had from 3 stable pods: 1 canary pod beside them gets 25 % of the requests; take weight 25, more stable pods, or acceptShare: true.",
      ),
    );
  });

  it("offers in its refusal a weight that it then takes", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        if (planOrRefusal(weight, stable) !== undefined) return;
        const [, offered] = /take weight (\d+)/.exec(refusal(weight, stable)) ?? [];
        assert.ok(Number(offered) > 0, `weight ${weight} of ${stable} pods offers weight ${offered}`);
        assert.doesNotThrow(() => plan(Number(offered), stable));
      }),
    );
  });

  it("takes such a share when a person accepts it", () => {
    assert.equal(plan(10, 3, true).share, 25);
  });

  it("refuses more than 50 %", () => {
    assert.throws(() => plan(51, 9), /weight is 51 and traffic by number of pods goes up to 50/);
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

  it("gives canary the weight, whatever the number of pods", () => {
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

  it("has weights that are whole numbers, as the API asks for", () => {
    fc.assert(
      fc.property(anyShare, (weight) => {
        const { stable, canary } = split(weight, 9).backends ?? { stable: Number.NaN, canary: Number.NaN };
        assert.ok([stable, canary].every((each) => Number.isInteger(each) && each >= 0 && each <= 1_000_000));
        assert.equal(canary === 0, weight === 0);
        assert.equal(stable === 0, weight === 100);
      }),
    );
  });

  it("has as many canary pods as the share of the load asks for, and never fewer than the minimum", () => {
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

  it("selects stable alone at 0 %, for callers inside the cluster, and never leaves stable out", () => {
    assert.deepEqual(split(0, 9).selector, { app: "web", track: "stable" });
    assert.deepEqual(split(100, 9).selector, labels);
  });

  it("refuses a weight finer than weights of backends can be", () => {
    assert.throws(
      () => split(0.0001, 9),
      new UserError("weight is 0.0001 and a gateway's goes in steps of 0.001: leave the further digits out."),
    );
  });
});

describe("what preview says of the traffic", () => {
  it("names what was asked, what is reached and with how many pods", () => {
    assert.equal(describeTraffic(plan(10, 9), 9), "asked 10 %, reached 10 %: 1 of 10 pods");
    assert.equal(describeTraffic(plan(12, 9), 9), "asked 12 %, reached 10 %: 1 of 10 pods");
    assert.equal(describeTraffic(plan(10, 10), 10), "asked 10 %, reached 9.1 %: 1 of 11 pods");
  });

  it("calls weight 0 dark", () => {
    assert.equal(describeTraffic(plan(0, 9), 9), "canary is dark: no user request reaches it");
    const dark = gatewayMode().plan(0, 9, labels);
    assert.equal(describeTraffic(dark, 9), "canary is dark: no user request reaches it but with the token");
  });

  it("names the way by backends, and how many pods carry it", () => {
    const says = (weight: number, minimum?: number) => describeTraffic(gatewayMode(minimum).plan(weight, 9, labels), 9);
    assert.equal(
      says(10),
      "asked 10 %, reached 10 %: by backend weights, 2 canary pods; callers inside the cluster meet 2 of 11 pods",
    );
    assert.equal(
      says(0.005, 1),
      "asked 0.005 %, reached 0.005 %: by backend weights, 1 canary pod; callers inside the cluster meet 1 of 10 pods",
    );
  });
});

describe("what goes first", () => {
  it("is pods when the weight rises", () => {
    assert.equal(rollOrder(0, 10), "pods-first");
    assert.equal(rollOrder(10, 20), "pods-first");
    assert.equal(rollOrder(undefined, 10), "pods-first");
  });

  it("is traffic when the weight falls, stays, or canary starts dark", () => {
    assert.equal(rollOrder(20, 10), "traffic-first");
    assert.equal(rollOrder(10, 0), "traffic-first");
    assert.equal(rollOrder(10, 10), "traffic-first");
    assert.equal(rollOrder(undefined, 0), "traffic-first");
  });
});
