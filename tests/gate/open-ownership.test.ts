import assert from "node:assert/strict";
import type { ApiObject } from "../fake/api-server.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

describe("a service in two stacks, beside objects of other creators,", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { install, now, tryNext } = twoStacks(() => world);

  it("refuses a record of another cluster", async () => {
    await install();
    await tryNext("b");
    world.writeRecord({ cluster: "other", verdicts: { [now()]: verdict("good") } }, "web");
    await assert.rejects(world.up("prod", prod("b")), /it belongs to cluster other and this is cluster-uid/);
  });

  it("refuses a stack that belongs to another cluster", async () => {
    await install();
    world.api.put("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: "other" } });
    await assert.rejects(world.up("canary", canary("a")), /on the cluster with UID cluster-uid and this one is other/);
    await assert.rejects(world.up("prod", prod("a")), /on the cluster with UID cluster-uid and this one is other/);
  });

  it("refuses to take over another backend's service, except with a break-glass override, which keeps its history", async () => {
    const a = await install();
    world.forget("canary");
    await assert.rejects(world.up("canary", canary("b")), /has the owner id .* so another state manages it/);
    const environment = { GRAY_BREAK_GLASS: "the state was lost" };
    const { warnings } = await world.up("canary", canary("b"), { environment });
    assert.match(warnings.join("\n"), /it is taken over because: the state was lost\./);
    assert.deepEqual(world.stackState("canary", "web").history, [world.runs("web-canary"), a]);
  });

  it("refuses a Deployment that the program did not create", async () => {
    await install();
    delete world.deployment("web").metadata.labels?.["gray-release/service"];
    await assert.rejects(
      world.up("prod", prod("a")),
      /Deployment web in namespace dora-apps was not created by this program/,
    );
  });

  for (const [kind, path] of [
    ["Service", "/api/v1/namespaces/dora-apps/services/web"],
    ["Service", "/api/v1/namespaces/dora-apps/services/web-canary"],
    ["Ingress", "/apis/networking.k8s.io/v1/namespaces/dora-apps/ingresses/web"],
  ] as const) {
    const name = path.split("/").at(-1) ?? "";
    for (const [whose, labels] of [
      ["another creator", { app: "web" }],
      ["another service", { "gray-release/service": "web-canary" }],
    ] as const) {
      it(`refuses ${kind} ${name} of ${whose}, and changes nothing`, async () => {
        world.api.put(path, { metadata: { name, labels }, spec: { theirs: true } });
        const held = JSON.stringify([...world.api.objects]);
        await assert.rejects(
          world.up("canary", canary("a", { ingress: { host: "web.example.com" } })),
          new RegExp(
            `${kind} ${name} in namespace dora-apps was not created by this program: (adopt it with gray adopt web if kubectl or Helm created it, )?choose another service name`,
          ),
        );
        assert.equal(JSON.stringify([...world.api.objects]), held);
      });
    }
  }

  it("ignores an Ingress of that name if it creates none", async () => {
    const path = "/apis/networking.k8s.io/v1/namespaces/dora-apps/ingresses/web";
    world.api.put(path, { metadata: { name: "web" }, spec: { theirs: true } });
    await world.up("canary", canary("a"));
    assert.deepEqual(world.api.objects.get(path)?.spec, { theirs: true });
  });

  it("refuses a stack state that it cannot understand", async () => {
    await install();
    world.stashes.set("canary web-state", { input: { history: "none" }, output: null });
    await assert.rejects(world.up("canary", canary("a")), /The state of web in stack .*canary cannot be understood/);
  });

  it("neither runs nor deletes a stored release whose content does not match its id", async () => {
    const a = await install();
    const b = await tryNext("b");
    const path = `/api/v1/namespaces/dora-apps/configmaps/web-release-${a}`;
    const found = world.api.objects.get(path) as ApiObject;
    world.forgetCopies("canary", "web");
    world.api.put(path, { ...found, data: { release: found.data.release.replace("web:a", "web:evil") } });
    const { warnings } = await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.match(warnings.join(), new RegExp(`release ${a} in ConfigMap web-release-${a} cannot be read`));
    assert.match(world.api.objects.get(path)?.data.release, /web:evil/);
    assert.equal(world.runs("web-canary"), b);
    world.forgetCopies("canary", "web");
    // Another creator's ConfigMap with the label is neither taken over nor in the way.
    const foreign = { name: "theirs", labels: { "gray-release/service": "web" } };
    world.api.put("/api/v1/namespaces/dora-apps/configmaps/theirs", { metadata: foreign, immutable: true, data: {} });
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.ok(!world.made().includes("configmaps theirs"));
    world.forgetCopies("canary", "web");
    await assert.rejects(
      world.up("canary", canary("b", { release: a })),
      new RegExp(
        `release ${a} is not in the history \\(it was stored in ConfigMap web-release-${a}: its content does not match its id\\), which keeps ${b}:`,
      ),
    );
  });
});
