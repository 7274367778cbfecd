import assert from "node:assert/strict";
import fc from "fast-check";
import { replicasMode } from "../../../../components/traffic/replicas/mode.ts";
import type { Traffic } from "../../../../components/traffic.ts";
import { UserError } from "../../../../components/user-error.ts";
import { serviceArgs } from "../../fop-gate.ts";

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
        assert.notEqual(plan(weight, stable, true).selector?.track, "canary");
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
        "weight is 10, but 1 canary pod beside 3 stable pods gets 25 % of the requests: set weight to 25, raise replicas, or set acceptShare: true.",
      ),
    );
  });

  it("offers in its error message a weight that it accepts", () => {
    fc.assert(
      fc.property(anyWeight, anySize, (weight, stable) => {
        if (planOrRefusal(weight, stable) !== undefined) return;
        const [, offered] = /set weight to (\d+)/.exec(refusal(weight, stable)) ?? [];
        assert.ok(Number(offered) > 0, `weight ${weight} of ${stable} pods offers weight ${offered}`);
        assert.doesNotThrow(() => plan(Number(offered), stable));
      }),
    );
  });

  it("accepts exactly 1.5 times the requested share", () => {
    assert.equal(plan(50 / 3, 3).share, 25);
    assert.equal(plan(20, 1, true).share, 50);
  });

  it("does not accept a larger share by default", () => {
    assert.throws(() => replicasMode().plan(10, 3, labels), UserError);
  });

  it("needs no object but a Service for canary", () => {
    const objects = replicasMode().objects("web", serviceArgs());
    assert.deepEqual(objects, { trackServices: ["canary"], routes: [], rules: [] });
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
