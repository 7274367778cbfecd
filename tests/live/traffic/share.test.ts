import assert from "node:assert/strict";
import type { Rule } from "../../../components/rule.ts";
import { routeSpec } from "../../../components/traffic/gateway/args.ts";
import { gatewayMode } from "../../../components/traffic/gateway/mode.ts";
import { connect } from "../../../kubernetes/client.ts";
import { findAccess } from "../../../kubernetes/kubeconfig.ts";
import type { RouteObject } from "../../../kubernetes/objects/route.ts";
import type { ServiceObject } from "../../../kubernetes/objects/service.ts";
import { liveRoute } from "../../../live/traffic/gateway/mode.ts";
import { type Front, isClosed, readFront, shareByWeightAlone, shareOf } from "../../../live/traffic/share.ts";
import { ApiServer } from "../../fake/api-server.ts";
import { pod } from "../../fake/pod.ts";

const service = (selector: Record<string, string>): ServiceObject => ({
  metadata: { name: "web", namespace: "dora-apps", uid: "1", generation: 1 },
  spec: { selector },
});
const route = (weight: number, rules: readonly Rule[] = []): RouteObject => {
  const { backends = { stable: 100, canary: 0 } } = gatewayMode().plan(weight, 9, {});
  const compiled = { service: "web", port: 80, token: "t", rules, backends };
  return {
    metadata: { name: "web", namespace: "dora-apps", labels: { "gray-release/service": "web" } },
    spec: routeSpec({ gateways: [{ name: "public" }] }, "dora-apps", compiled),
  };
};
const byPods = (selector: Record<string, string>): Front => ({ service: service(selector), routes: [] });
const routed = (...routes: RouteObject[]): Front => ({
  service: service({ app: "web" }),
  routes: routes.map(liveRoute),
});

describe("the share of user traffic that canary gets", () => {
  const nine = Array.from({ length: 9 }, () => pod("stable"));

  it("is its part of the ready pods if a Service splits the traffic", () => {
    assert.equal(shareOf(byPods({ app: "web" }), [...nine, pod("canary")]), 0.1);
    assert.equal(shareOf(byPods({ app: "web" }), [...nine, pod("canary", { ready: false })]), 0);
    assert.equal(shareOf(byPods({ app: "web" }), [...nine, pod("canary", { terminating: true })]), 0);
  });

  it("is 0 while the Service selects stable alone", () => {
    assert.equal(shareOf(byPods({ app: "web", track: "stable" }), [...nine, pod("canary")]), 0);
  });

  it("is unknown if no pod is ready", () => {
    assert.equal(shareOf(byPods({ app: "web" }), [pod("canary", { ready: false })]), undefined);
  });

  it("is the routes' weight if a gateway splits the traffic, even if no pod is ready", () => {
    assert.equal(shareOf(routed(route(30)), [...nine, pod("canary")]), 0.3);
    assert.equal(shareOf(routed(route(30)), nine), 0.3);
    assert.equal(shareOf(routed(route(0), route(20)), nine), 0.2);
  });
});

describe("the share of a worker's work that canary gets", () => {
  const ofWorker = (workerPods: number): Front => ({ service: undefined, routes: [], workerPods });

  it("is its part of the pods, ready or not, without those that end", () => {
    const pods = [pod("stable"), pod("stable", { ready: false }), pod("stable", { terminating: true })];
    assert.equal(shareOf(ofWorker(1), [...pods, pod("canary", { ready: false })]), 1 / 3);
    assert.equal(shareOf(ofWorker(0), [...pods, pod("canary", { terminating: true })]), 0);
    assert.equal(shareOf(ofWorker(0), []), undefined);
  });

  it("is cut off once canary's Deployment wants no pods", () => {
    assert.deepEqual(
      [0, 1].map((pods) => isClosed(ofWorker(pods))),
      [true, false],
    );
  });
});

describe("the live front", () => {
  const namespace = "dora-apps";
  let api: ApiServer;
  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(() => api.stop());
  const read = () => readFront({ api: connect(findAccess({ kubeconfig: api.kubeconfig })), namespace, service: "web" });
  const shared = (labels: Record<string, string>) =>
    api.put(`/api/v1/namespaces/${namespace}/services/web`, {
      metadata: { name: "web", namespace, labels },
      spec: { selector: { app: "web", track: "stable" } },
    });
  const canary = (annotations: Record<string, string>) =>
    api.put(`/apis/apps/v1/namespaces/${namespace}/deployments/web-canary`, {
      metadata: { name: "web-canary", namespace, annotations },
      spec: { replicas: 2 },
    });

  it("of a worker is its number of pods, whatever Service another creator gave its name", async () => {
    shared({});
    canary({ "gray-release/worker": "true" });
    const front = await read();
    assert.deepEqual(front, { service: undefined, routes: [], workerPods: 2 });
    assert.equal(isClosed(front), false);
  });

  it("of any other service is its Service, and no Deployment is read if the program wrote it", async () => {
    shared({ "gray-release/service": "web" });
    assert.equal((await read()).service?.spec.selector?.track, "stable");
    assert.ok(api.requests.every(({ path }) => !path.includes("/deployments")));
    shared({});
    canary({});
    assert.deepEqual(Object.keys(await read()), ["service", "routes"]);
    assert.equal((await read()).service?.spec.selector?.track, "stable");
  });
});

describe("the share by weight alone", () => {
  it("is the weight if every request is split by it", () => {
    assert.equal(shareByWeightAlone(routed(route(30))), 0.3);
    assert.equal(shareByWeightAlone(routed(route(0), route(0))), 0);
  });

  it("is undefined if a user rule sends some requests to one track, even to stable", () => {
    for (const to of ["canary", "stable"] as const) {
      assert.equal(shareByWeightAlone(routed(route(30, [{ to, headers: { "x-beta": "1" } }]))), undefined);
    }
  });

  it("is undefined if routes differ, or there are none", () => {
    assert.equal(shareByWeightAlone(routed(route(30), route(20))), undefined);
    assert.equal(shareByWeightAlone(byPods({ app: "web" })), undefined);
  });
});
