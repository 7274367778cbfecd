import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
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

  it("refuses to take over another backend's service, except with a break-glass override", async () => {
    await install();
    world.outputs.clear();
    await assert.rejects(world.up("canary", canary("b")), /the state of stack canary holds no release of it/);
    const environment = { GRAY_BREAK_GLASS: "the output was lost" };
    const { warnings } = await world.up("canary", canary("b"), { environment });
    assert.match(
      warnings[0] ?? "",
      /holds no release of it, so it starts a new history because: the output was lost\./,
    );
    assert.deepEqual(
      world.stackState("canary", "web").history.map(({ id }) => id),
      [world.runs("web-canary")],
    );
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

  it("refuses outputs that it cannot understand", async () => {
    await install();
    world.outputs.set("canary", { releases: { "dora-apps/web": { history: "none" } } });
    await assert.rejects(
      world.up("prod", prod("a")),
      /The output releases of stack canary cannot be understood|releases of stack .*canary cannot be understood/,
    );
  });

  it("refuses a remembered release whose content does not match its id", async () => {
    const a = await install();
    const outputs = structuredClone(world.outputs.get("canary")) as { releases: Record<string, StackState> };
    const [first] = outputs.releases["dora-apps/web"]?.history ?? [];
    Object.assign(first?.template.spec.containers[0] ?? {}, { image: "web:evil" });
    world.outputs.set("canary", outputs);
    const held = JSON.stringify([...world.api.objects]);
    for (const up of [() => world.up("prod", prod("a")), () => world.up("canary", canary("b"))]) {
      await assert.rejects(up(), new RegExp(`the content of release ${a} does not match its id`));
    }
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });
});
