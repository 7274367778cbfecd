import assert from "node:assert/strict";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, prod } from "../fake/web.ts";
import { World } from "../fake/world.ts";

describe("an object of a service in two stacks", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { install, now } = twoStacks(() => world);

  it("is written again if it is not as Pulumi left it", async () => {
    const a = await install();
    const seq = (name: string) => world.deployment(name).metadata.annotations?.["gray-release/seq"];
    assert.equal(seq("web"), "0");
    await world.up("canary", canary("b"));
    world.deployment("web").spec.template.metadata.labels.release = now();
    await world.up("prod", prod("b", { release: a }));
    assert.deepEqual([world.runs("web"), seq("web")], [a, "1"]);
    await world.up("prod", prod("b", { release: a }));
    assert.equal(seq("web"), "1");
  });

  it("is written again if it is the front and its selector was changed without Pulumi", async () => {
    await install();
    const front = () => world.api.objects.get("/api/v1/namespaces/dora-apps/services/web");
    Object.assign(front()?.spec.selector, { track: "stable" });
    await world.up("canary", canary("a"));
    assert.deepEqual(front()?.spec.selector, { app: "web" });
    assert.equal(front()?.metadata.annotations?.["gray-release/seq"], "1");
  });

  it("is written with at least the record's sequence number", async () => {
    await install();
    world.writeRecord({ sequence: 7 }, "web");
    await world.up("canary", canary("a"));
    assert.equal(world.deployment("web-canary").metadata.annotations?.["gray-release/seq"], "7");
  });
});
