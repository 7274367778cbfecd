import assert from "node:assert/strict";
import fc from "fast-check";
import type { Rule } from "../../../../components/rule.ts";
import { routeSpec } from "../../../../components/traffic/gateway/args.ts";
import { gatewayMode } from "../../../../components/traffic/gateway/mode.ts";
import { connect } from "../../../../kubernetes/client.ts";
import { findAccess } from "../../../../kubernetes/kubeconfig.ts";
import type { RouteObject } from "../../../../kubernetes/objects/route.ts";
import { liveRoute, weightOf } from "../../../../live/traffic/gateway/mode.ts";
import { readRoutes } from "../../../../live/traffic/gateway/routes.ts";
import { hasWeight } from "../../../../live/traffic/share.ts";
import { World } from "../../../fake/world.ts";

const labels = { "gray-release/service": "web" };
const gateways = [{ name: "public", namespace: "infra" }];
const metadata = { name: "web", namespace: "dora-apps", labels };

/** The live route of a program with this weight. */
function written(weight: number, rules: readonly Rule[] = []): RouteObject {
  const { backends = { stable: 100, canary: 0 } } = gatewayMode().plan(weight, 9, {});
  const spec = routeSpec({ gateways }, "dora-apps", { service: "web", port: 80, token: "t", rules, backends });
  return { metadata, spec };
}
const withBackends = (backendRefs: object[] | undefined) =>
  ({ metadata, spec: { rules: [...(backendRefs ? [{ backendRefs }] : [])] } }) as unknown as RouteObject;

describe("the weight of a live route", () => {
  const anyWeight = fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1000);

  it("is the weight that it was written with, with any user rules", () => {
    const rules: Rule[] = [{ to: "canary", headers: { "x-beta": "1" } }];
    fc.assert(fc.property(anyWeight, (weight) => assert.ok(hasWeight(liveRoute(written(weight, rules)), weight))));
  });

  it("is no other weight, however close", () => {
    fc.assert(
      fc.property(anyWeight, (weight) => {
        assert.ok(!hasWeight(liveRoute(written(weight)), weight + 0.001));
        assert.ok(!hasWeight(liveRoute(written(weight)), weight - 0.001));
      }),
    );
  });

  it("is 0 if canary has none, is not named, or there are no backends", () => {
    const [stable, canary] = ["web-stable", "web-canary"].map((name) => ({ name, weight: 0 }));
    for (const backends of [
      [{ ...stable, weight: 1 }, canary],
      [{ name: "web-stable" }],
      [stable, canary],
      undefined,
    ]) {
      assert.equal(weightOf(withBackends(backends as object[])), 0);
    }
  });

  it("counts a backend without weight as 1, as the API does", () => {
    assert.equal(weightOf(withBackends([{ name: "web-stable", weight: 3 }, { name: "web-canary" }])), 25);
  });
});

describe("the Gateway API of a cluster", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.installGateway();
  });
  afterEach(() => world.stop());
  const web = () => ({
    api: connect(findAccess({ kubeconfig: world.api.kubeconfig })),
    namespace: "dora-apps",
    service: "web",
  });
  const put = (name: string, service: string) =>
    world.api.put(world.routePath(name), { metadata: { name, labels: { "gray-release/service": service } } });

  it("lists the routes of one service by its label, whatever their names", async () => {
    put("public", "web");
    put("web", "shop");
    const found = await readRoutes(web());
    assert.deepEqual(
      found.map(({ metadata: { name } }) => name),
      ["public"],
    );
  });

  it("lists none if it is not installed", async () => {
    put("public", "web");
    world.api.objects.delete("/apis/gateway.networking.k8s.io/v1");
    assert.deepEqual(await readRoutes(web()), []);
  });

  it("is absent only if the API server reports so, not if a proxy answers 404", async () => {
    put("public", "web");
    const proxied = { status: 404, body: "default backend - 404" };
    for (const matches of [
      () => true,
      (path: string) => path.startsWith("/apis/gateway.networking.k8s.io/v1"),
      (path: string) => path.endsWith("/httproutes"),
    ]) {
      world.api.intercept = ({ path }) => (matches(path) ? proxied : undefined);
      await assert.rejects(readRoutes(web()), /not by the Kubernetes API server/);
    }
    world.api.objects.delete("/apis/gateway.networking.k8s.io/v1");
    world.api.intercept = ({ path }) => (path === "/apis" ? { status: 200, body: {} } : undefined);
    await assert.rejects(readRoutes(web()), /GET \/apis is no list of API groups/);
  });

  it("may be absent without the permission to read routes", async () => {
    world.api.objects.delete("/apis/gateway.networking.k8s.io/v1");
    world.api.intercept = ({ path }) =>
      path.endsWith("/httproutes") ? { status: 403, body: { message: "forbidden" } } : undefined;
    assert.deepEqual(await readRoutes(web()), []);
  });

  it("is not treated as absent if it may not be read", async () => {
    world.api.intercept = ({ path }) =>
      path.endsWith("/httproutes") ? { status: 403, body: { message: "forbidden" } } : undefined;
    await assert.rejects(readRoutes(web()), /forbidden.*docs\/reference\/rbac\.md/);
  });
});
