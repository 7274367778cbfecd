import assert from "node:assert/strict";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, prod } from "../fake/web.ts";
import { World } from "../fake/world.ts";

describe("the rollback of a service in two stacks", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { approve, install, now, release, tryNext } = twoStacks(() => world);

  it("restores an older release by its id, with its files", async () => {
    const a = await install();
    await tryNext("b");
    approve(now());
    await world.up("prod", prod("b"));
    await world.up("canary", canary("b", { release: a }));
    await world.up("prod", prod("b"));
    assert.equal(world.runs("web"), a);
    assert.equal(world.runs("web-canary"), a);
    const [volume] = world.deployment("web").spec.template.spec.volumes;
    assert.ok(world.api.objects.has(`/api/v1/namespaces/dora-apps/configmaps/${volume.configMap.name}`));
  });

  it("rolls back prod alone while canary stays", async () => {
    const a = await install();
    await tryNext("b");
    const b = now();
    approve(b);
    await world.up("prod", prod("b"));
    await world.up("prod", prod("b", { release: a }));
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, b]);
  });

  it("rolls back prod by an id if canary's Deployment was deleted and the front exists", async () => {
    const a = await install();
    await release("b");
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web-canary");
    await world.up("prod", prod("b", { release: a }));
    assert.equal(world.runs("web"), a);
  });

  it("warns on every run that a named release hides a newer one", async () => {
    const a = await install();
    await tryNext("b");
    for (let i = 0; i < 2; i++) {
      const { warnings } = await world.up("canary", canary("c", { release: a }));
      assert.match(warnings.join(), new RegExp(`release is set to ${a}, so canary runs ${a} and not [0-9a-f]{12}`));
    }
  });

  it("warns on every run that prod is pinned while canary runs another release", async () => {
    const a = await install();
    const b = await release("b");
    for (let i = 0; i < 2; i++) {
      const { warnings } = await world.up("prod", prod("b", { release: a }));
      assert.deepEqual(warnings, [`web: release is set to ${a}, so stable runs ${a} and not ${b}, which canary runs.`]);
    }
    await world.up("canary", canary("b", { release: a }));
    assert.deepEqual((await world.up("prod", prod("b", { release: a }))).warnings, []);
  });

  it("is admitted even if the record is damaged, and no other release is", async () => {
    const a = await install();
    await tryNext("b");
    world.writeRecordText("{", "web");
    await assert.rejects(world.up("prod", prod("b")), /the record in ConfigMap web-rollout cannot be read/);
    await world.up("prod", prod("b", { release: a }));
    await world.up("prod", prod("b", { release: "current" }));
    assert.equal(world.runs("web"), a);
  });

  it("uses the stack's own state if the record is damaged, for one release and no more", async () => {
    const a = await install();
    const b = await release("b");
    await world.up("canary", canary("c"));
    const c = now();
    world.writeRecordText("{", "web");
    await assert.rejects(
      world.up("prod", prod("c", { release: c })),
      /the record in ConfigMap web-rollout cannot be read/,
    );
    await world.up("prod", prod("c", { release: a }));
    assert.equal(world.runs("web"), a);
    await world.up("prod", prod("c", { release: b }));
    assert.equal(world.runs("web"), b);
  });

  it("uses the stack's own state if the record is damaged and prod was run again since", async () => {
    const a = await install();
    await release("b");
    await world.up("prod", prod("b", { replicas: 10 }));
    world.writeRecordText("{", "web");
    await world.up("prod", prod("b", { release: a }));
    assert.equal(world.runs("web"), a);
  });
});
