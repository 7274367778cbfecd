import assert from "node:assert/strict";
import type { Run } from "../fake/engine.ts";
import { both, canary, prod } from "../fake/web.ts";
import { World } from "../fake/world.ts";

const gateway = { routes: [{ gateways: [{ name: "public", namespace: "infra" }] }] };

describe("the last change of canary's share", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.installGateway();
  });
  afterEach(() => world.stop());

  const component = ({ resources }: Run) =>
    resources.find(({ type }) => type === "gray-release:index:CanaryService")?.inputs;
  const shift = (run: Run) => component(run).shift;

  it("is an input of the component: from dark at first, then from the live front's share", async () => {
    assert.deepEqual(shift(await world.up("canary", canary("a", { weight: 10, gateway }))), {
      weight: 10,
      from: 0,
      to: 10,
    });
    assert.deepEqual(shift(await world.up("canary", canary("a", { weight: 30, gateway }))), {
      weight: 30,
      from: 10,
      to: 30,
    });
    assert.deepEqual(shift(await world.up("canary", canary("a", { weight: 0, gateway }))), {
      weight: 0,
      from: 30,
      to: 0,
    });
  });

  it("counts pods if traffic is split by their number", async () => {
    await world.up("canary", canary("a", { weight: 10 }));
    await world.up("prod", prod("a"));
    const { from, to } = shift(await world.up("canary", canary("a", { weight: 25 })));
    assert.deepEqual([from, to], [10, 25]);
  });

  for (const [mode, changes] of [
    ["by number of pods", {}],
    ["by a gateway", { gateway }],
  ] as const) {
    for (const weight of [0, 10, 20]) {
      it(`is the same on every run without a change, ${mode} at weight ${weight}`, async () => {
        const program = canary("a", { weight, ...changes });
        const first = component(await world.up("canary", program));
        await world.up("prod", prod("a", changes));
        for (const preview of [false, true, false]) {
          assert.deepEqual(component(await world.up("canary", program, { preview })), first);
        }
      });
    }
  }

  it("is the same if an autoscaler changes the number of stable's pods", async () => {
    const program = both("a", { replicas: "external", weight: 10 });
    await world.up("live", program);
    world.deployment("web").spec.replicas = 12;
    const before = component(await world.up("live", program));
    assert.deepEqual(component(await world.up("live", program)), before);
    world.deployment("web").spec.replicas = 13;
    assert.deepEqual(component(await world.up("live", program)), before);
  });

  it("is a rise again if the weight was removed without Pulumi", async () => {
    const program = canary("a", { weight: 20, gateway });
    await world.up("canary", canary("a", { weight: 10, gateway }));
    await world.up("canary", program);
    world.route("web").spec.rules.at(-1).backendRefs = [{ name: "web-stable", port: 80, weight: 100 }];
    assert.deepEqual(shift(await world.up("canary", program)), { weight: 20, from: 0, to: 20 });
  });

  it("is absent in a stack without the front", async () => {
    await world.up("canary", canary("a"));
    assert.equal("shift" in component(await world.up("prod", prod("a"))), false);
  });
});
