import assert from "node:assert/strict";
import type { Rule } from "../../components/rule.ts";
import { assertGateways } from "../../gate/gateways.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { World } from "../fake/world.ts";

const gateways = [{ name: "public", namespace: "infra" }];

describe("the Gateway API of a cluster, before a service uses it", () => {
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

  it("passes the check if each Gateway exists, in the service's namespace unless another is named", async () => {
    world.api.put("/apis/gateway.networking.k8s.io/v1/namespaces/dora-apps/gateways/inner", {
      metadata: { name: "inner" },
      spec: { gatewayClassName: "edge" },
    });
    const routes = [{ gateways: [{ name: "inner" }, { name: "public", namespace: "infra", sectionName: "https" }] }];
    await assertGateways(web(), { gateway: { routes } });
  });

  it("is read once for a Gateway that several routes name", async () => {
    const routes = ["a", "b", "c"].map((name) => ({ name, gateways }));
    await assertGateways(web(), { gateway: { routes } });
    assert.equal(world.api.requests.filter(({ path }) => path.endsWith("/gateways/public")).length, 1);
  });

  it("is checked for every named listener, also for two of one Gateway", async () => {
    const [gateway = { name: "" }] = gateways;
    const routes = [
      { name: "a", gateways: [{ ...gateway, sectionName: "ftp" }] },
      { name: "b", gateways: [{ ...gateway, sectionName: "https" }] },
    ];
    await assert.rejects(
      assertGateways(web(), { gateway: { routes } }),
      /has no listener ftp: choose one of http, https/,
    );
  });

  it("may have a Gateway whose class is missing or reports no features: then no rule is refused", async () => {
    world.api.objects.delete("/apis/gateway.networking.k8s.io/v1/gatewayclasses/edge");
    const rules: Rule[] = [{ to: "canary", query: { beta: "1" } }];
    await assertGateways(web(), { gateway: { routes: [{ gateways }], rules } });
  });

  it("may report its features as objects or as texts, as it did up to Gateway API 1.1", async () => {
    const rules: Rule[] = [{ to: "canary", query: { beta: "1" } }];
    const report = (supportedFeatures: readonly unknown[]) => {
      world.api.put("/apis/gateway.networking.k8s.io/v1/gatewayclasses/edge", {
        metadata: { name: "edge" },
        status: { supportedFeatures },
      });
      return assertGateways(web(), { gateway: { routes: [{ gateways }], rules } });
    };
    await report(["HTTPRoute", "HTTPRouteQueryParamMatching"]);
    await report([{ name: "HTTPRouteQueryParamMatching" }]);
    await assert.rejects(report(["HTTPRoute"]), /HTTPRouteQueryParamMatching/);
    await assert.rejects(report([{ name: "HTTPRoute" }]), /HTTPRouteQueryParamMatching/);
  });
});
