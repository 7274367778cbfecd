import assert from "node:assert/strict";
import { byLiveRoutes, type Clusters, clustersOf } from "../../analysis/providers/envoy-gateway.ts";
import type { MetricSource } from "../../analysis/reading.ts";
import { backendName } from "../../components/names.ts";
import type { Rule } from "../../components/rule.ts";
import { routeRules } from "../../components/traffic/gateway/route.ts";
import { pod } from "./reading.ts";

const service = "web";
const backends = { stable: backendName(service, "stable"), canary: backendName(service, "canary") };
const canaryHeader = { name: "x-track", value: "canary" };

/** The HTTPRoute that CanaryService creates, at a weight. */
function route(canary: number, { rules = [] as Rule[], header = true, name = service } = {}) {
  const weights = { stable: 100 - canary, canary };
  const compiled = { service, port: 80, token: "secret", rules, backends: weights, ...(header && { canaryHeader }) };
  return { metadata: { name, namespace: "shop" }, spec: { rules: routeRules(compiled) } };
}
const rules: Rule[] = [
  { to: "canary", headers: { "x-staff": "yes" } },
  { to: "stable", headers: { "x-vip": "yes" } },
];
const plain = (clusters: Clusters) => Object.fromEntries(clusters);

describe("the clusters that Envoy Gateway creates for a route", () => {
  it("belong to a track by their backend and not by its position, because the rule of the token has canary first", () => {
    assert.deepEqual(plain(clustersOf([route(10)], backends)), {
      "httproute/shop/web/rule/0": "canary",
      "httproute/shop/web/rule/0/backend/0": "canary",
      "httproute/shop/web/rule/1/backend/0": "stable",
      "httproute/shop/web/rule/1/backend/1": "canary",
    });
  });

  it("follow the user's rules", () => {
    assert.deepEqual(plain(clustersOf([route(10, { rules })], backends)), {
      "httproute/shop/web/rule/0": "canary",
      "httproute/shop/web/rule/0/backend/0": "canary",
      "httproute/shop/web/rule/1": "canary",
      "httproute/shop/web/rule/1/backend/0": "canary",
      "httproute/shop/web/rule/2": "stable",
      "httproute/shop/web/rule/2/backend/0": "stable",
      "httproute/shop/web/rule/3/backend/0": "stable",
      "httproute/shop/web/rule/3/backend/1": "canary",
    });
  });

  it("belong to one track if all users go there, with or without a filter", () => {
    for (const header of [true, false]) {
      for (const [weight, track] of [
        [0, "stable"],
        [100, "canary"],
      ] as const) {
        const clusters = clustersOf([route(weight, { header })], backends);
        assert.equal(clusters.get("httproute/shop/web/rule/1"), track);
        assert.equal(clusters.get("httproute/shop/web/rule/1/backend/0"), track);
      }
    }
  });

  it("cover all routes", () => {
    const clusters = clustersOf([route(10), route(10, { name: "web-internal" })], backends);
    assert.equal(clusters.get("httproute/shop/web-internal/rule/1/backend/1"), "canary");
    assert.equal(clusters.size, 8);
  });

  it("are refused if one counts both tracks, because no backend has a filter", () => {
    assert.throws(() => clustersOf([route(10, { header: false })], backends), {
      message:
        "Envoy Gateway counts both tracks as one in rule 1 of HTTPRoute web: give the route a canaryHeader, or choose another source of metrics.",
    });
  });

  it("leave out a backend of no track", () => {
    const spec = { rules: [{ backendRefs: [{ name: "else" }] }, {}] };
    assert.equal(clustersOf([{ metadata: { name: "web", namespace: "shop" }, spec }], backends).size, 0);
  });
});

describe("reading Envoy Gateway by the live routes", () => {
  let live: ReturnType<typeof route>[];
  let asked: Record<string, string>[];
  let source: MetricSource;
  beforeEach(() => {
    asked = [];
    source = byLiveRoutes({
      routes: async () => live,
      backends,
      source: (clusters) => ({
        describe: () => "the counters of Envoy Gateway",
        async read() {
          asked.push(plain(clusters));
          return [];
        },
      }),
    });
  });
  const problems = async () =>
    (await source.read([pod("web-1"), pod("web-2")], new AbortController().signal)).map(({ problem }) => problem);

  it("follows a change of weight, and keeps the clusters that it knew", async () => {
    for (const weight of [0, 10, 50]) {
      live = [route(weight)];
      assert.deepEqual(await problems(), []);
    }
    assert.equal(asked[0]?.["httproute/shop/web/rule/1/backend/1"], undefined);
    assert.equal(asked[1]?.["httproute/shop/web/rule/1/backend/1"], "canary");
    assert.equal(asked[2]?.["httproute/shop/web/rule/1"], "stable");
  });

  it("stops reading when a cluster leads to the other track, because its counters mix both", async () => {
    live = [route(50)];
    await problems();
    live = [route(100)];
    const [problem, ...more] = await problems();
    assert.match(
      problem ?? "",
      /^httproute\/shop\/web\/rule\/1\/backend\/0 of Envoy Gateway led to stable and now leads to canary, so its counters mix both: run gray verify again\.$/,
    );
    assert.deepEqual(more, [problem]);
    assert.equal(asked.length, 1);
  });

  it("reports a problem of every pod if the routes are not usable", async () => {
    live = [];
    assert.deepEqual(
      new Set(await problems()),
      new Set(["The service has no HTTPRoute, so Envoy Gateway has no counters of it."]),
    );
    live = [route(10, { header: false })];
    assert.match((await problems())[0] ?? "", /^Envoy Gateway counts both tracks as one/);
    assert.equal(asked.length, 0);
  });

  it("describes its source", () => {
    assert.equal(source.describe(), "the counters of Envoy Gateway");
  });
});
