import assert from "node:assert/strict";
import fc from "fast-check";
import { routeSpec } from "../../../../components/traffic/gateway/args.ts";
import { gatewayMode } from "../../../../components/traffic/gateway/mode.ts";
import { UserError } from "../../../../components/user-error.ts";
import { serviceArgs } from "../../fop-gate.ts";

const labels = { app: "web" };
const anySize = fc.integer({ min: 1, max: 500 });

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

  it("needs a Service for each track, and has no route without arguments", () => {
    const { trackServices, routes, rules } = gatewayMode().objects("web", serviceArgs());
    assert.deepEqual({ trackServices, routes, rules }, { trackServices: ["canary", "stable"], routes: [], rules: [] });
  });

  it("needs an HTTPRoute for each route, named like the service by default, to its first port", () => {
    const gateways = [{ name: "public" }];
    const rule = { to: "canary", headers: { "x-beta": "1" } } as const;
    const gateway = { routes: [{ gateways }, { name: "admin", gateways, port: 81 }], rules: [rule] };
    const { routes, rules } = gatewayMode().objects("web", serviceArgs({ gateway }));
    assert.deepEqual(rules, [rule]);
    assert.deepEqual(
      routes.map(({ apiVersion, kind, name }) => [apiVersion, kind, name]),
      ["web", "admin"].map((name) => ["gateway.networking.k8s.io/v1", "HTTPRoute", name]),
    );
    for (const [i, port] of [80, 81].entries()) {
      const args = { service: "web", port, token: "t", rules: [rule], backends: { stable: 90, canary: 10 } };
      assert.deepEqual(routes[i]?.spec(split(10, 9), "t"), routeSpec({ gateways }, "dora-apps", args));
    }
  });

  it("refuses a weight with more digits than backend weights can express", () => {
    assert.throws(
      () => split(0.0001, 9),
      new UserError("weight is 0.0001 and a gateway supports steps of 0.001: remove the further digits."),
    );
  });
});
