import assert from "node:assert/strict";
import { asset } from "@pulumi/pulumi";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary } from "../fake/web.ts";
import { World } from "../fake/world.ts";

describe("the history of a service in two stacks", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { install, now } = twoStacks(() => world);
  const configMaps = () =>
    [...world.api.objects.values()].flatMap(({ immutable, data }) => (immutable && data?.["web.conf"]) || []).sort();

  it("keeps the configured number of releases, newest first, and only their ConfigMaps", async () => {
    for (const tag of ["a", "b", "c", "d"]) await world.up("canary", canary(tag, { releaseHistoryLimit: 2 }));
    assert.deepEqual(configMaps(), ["c", "d"]);
    assert.equal(world.stackState("canary", "web").history.length, 2);
    assert.equal(world.stackState("canary", "web").history[0], now());
  });

  it("keeps stable's release, however many releases canary tries", async () => {
    const a = await install();
    for (const tag of ["b", "c", "d", "e"]) await world.up("canary", canary(tag, { releaseHistoryLimit: 2 }));
    assert.deepEqual(configMaps(), ["a", "d", "e"]);
    assert.ok(world.stackState("canary", "web").history.includes(a));
  });

  it("keeps the ConfigMap that a live pod still refers to", async () => {
    await world.up("canary", canary("a", { releaseHistoryLimit: 1 }));
    const { spec } = world.deployment("web-canary").spec.template;
    world.api.put("/api/v1/namespaces/dora-apps/pods/web-1", {
      metadata: { name: "web-1", labels: { app: "web" } },
      spec,
    });
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["a", "b"]);
    world.api.objects.delete("/api/v1/namespaces/dora-apps/pods/web-1");
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["b"]);
  });

  it("keeps the ConfigMap of a ReplicaSet with replicas, and not that of a ReplicaSet without", async () => {
    await world.up("canary", canary("a", { releaseHistoryLimit: 1 }));
    const template = world.deployment("web-canary").spec.template;
    const path = "/apis/apps/v1/namespaces/dora-apps/replicasets/web-1";
    const metadata = { name: "web-1", labels: { app: "web" } };
    world.api.put(path, { metadata, spec: { replicas: 1, template } });
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["a", "b"]);
    world.api.put(path, { metadata, spec: { replicas: 0, template } });
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["b"]);
  });

  it("deletes no ConfigMap if pods and ReplicaSets cannot be read", async () => {
    await world.up("canary", canary("a", { releaseHistoryLimit: 1 }));
    world.api.intercept = ({ path }) =>
      path.endsWith("/replicasets") ? { status: 403, body: { message: "forbidden" } } : undefined;
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["a", "b"]);
  });

  it("keeps binary files byte for byte, also after their release left the program", async () => {
    const store = { base64: "/+8B" };
    const configFiles = { trust: { files: { store, "a.conf": new asset.StringAsset("a") }, mountPath: "/etc/trust" } };
    await world.up("canary", canary("a", { configFiles }));
    await world.up("canary", canary("b"));
    const [name = ""] = Object.keys(world.releases("web")[1]?.configMaps ?? {});
    const found = world.api.objects.get(`/api/v1/namespaces/dora-apps/configmaps/${name}`);
    assert.deepEqual([found?.data, found?.binaryData], [{ "a.conf": "a" }, { store: "/+8B" }]);
  });

  it("adds nothing to the history if an up is refused", async () => {
    const a = await install();
    world.writeRecord({ open: { epoch: 1, release: a, weight: 10 } }, "web");
    await assert.rejects(world.up("canary", canary("b")), /refused while the rollout of/);
    assert.deepEqual(world.stackState("canary", "web").history, [a]);
  });
});
