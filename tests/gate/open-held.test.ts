import assert from "node:assert/strict";
import type { ServiceArgs } from "../../components/service-args.ts";
import { openRollout } from "../../gate/open.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

describe("a service in two stacks with an open rollout", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { install, now } = twoStacks(() => world);

  it("keeps the rollout's weight whatever the settings are, with a warning", async () => {
    const a = await install();
    world.writeRecord({ open: { epoch: 1, release: a, weight: 0 } }, "web");
    const { warnings } = await world.up("canary", canary("a", { weight: 10 }), { environment: { GRAY_EPOCH: "1" } });
    assert.match(warnings.join(), /the weight stays 0 % while the rollout of .* is open; the 10 % of the program/);
    assert.deepEqual(world.api.objects.get("/api/v1/namespaces/dora-apps/services/web")?.spec.selector, {
      app: "web",
      track: "stable",
    });
  });

  it("does not change the front while another driver's rollout is open", async () => {
    const a = await install();
    const held = JSON.stringify(world.api.objects.get("/api/v1/namespaces/dora-apps/services/web"));
    world.writeRecord({ open: { epoch: 1, release: a, weight: 20 } }, "web");
    await assert.rejects(
      world.up("canary", canary("a", { weight: 0 })),
      /the weight and the number of canary pods stay as they are while the rollout/,
    );
    assert.equal(JSON.stringify(world.api.objects.get("/api/v1/namespaces/dora-apps/services/web")), held);
  });

  describe("while another driver's rollout is open", () => {
    const args = (changes: Partial<ServiceArgs> = {}) => web("a", { tracks: ["canary"], ...changes });
    const open = (weight: number) => world.writeRecord({ open: { epoch: 1, release: now(), weight } }, "web");
    const front = () => world.api.objects.get("/api/v1/namespaces/dora-apps/services/web")?.spec.selector;
    const pods = () => world.deployment("web-canary").spec.replicas;
    /** Whether the program registered anything. */
    const goesOn = async (changes: Partial<ServiceArgs> = {}, environment = {}) => {
      let opened = false;
      const look = async () => {
        await openRollout("web", args(changes));
        opened = true;
        return {};
      };
      await world.up("other", look, { environment }).catch(() => {});
      return opened;
    };
    beforeEach(install);

    it("refuses, before anything is registered, a change of the number of canary's pods", async () => {
      open(20);
      await assert.rejects(
        world.up("canary", canary("a")),
        /^UserError: web: the weight and the number of canary pods stay as they are while the rollout/,
      );
      assert.deepEqual([await goesOn(), pods(), front()], [false, 1, { app: "web" }]);
    });

    it("refuses, before anything is registered, a change of the front's selector", async () => {
      open(0);
      await assert.rejects(
        world.up("canary", canary("a")),
        /^UserError: web: the weight and the number of canary pods stay as they are while the rollout/,
      );
      assert.deepEqual([await goesOn(), pods(), front()], [false, 1, { app: "web" }]);
    });

    it("warns in a preview that it would refuse", async () => {
      open(20);
      const { warnings } = await world.up("canary", canary("a"), { preview: true });
      assert.match(
        warnings.join(),
        /the weight and the number of canary pods stay as they are while the rollout.* This is a preview; up would stop here/,
      );
    });

    it("admits an up that changes neither", async () => {
      open(10);
      await world.up("canary", canary("a", { annotations: { owner: "dora" } }));
      assert.equal(world.deployment("web-canary").metadata.annotations?.owner, "dora");
    });

    it("admits an up that writes the front again with the same selector", async () => {
      open(10);
      world.writeRecord({ sequence: 1 }, "web");
      await world.up("canary", canary("a"));
      assert.equal(world.deployment("web-canary").metadata.annotations?.["gray-release/seq"], "1");
    });

    for (const [who, environment] of [
      ["its driver", { GRAY_EPOCH: "1" }],
      ["a break-glass override", { GRAY_BREAK_GLASS: "users are offline" }],
    ] as const) {
      it(`admits a change of both by ${who}`, async () => {
        open(20);
        await world.up("canary", canary("a"), { environment });
        assert.equal(pods(), 2);
        open(0);
        await world.up("canary", canary("a"), { environment });
        assert.deepEqual([pods(), front()], [1, { app: "web", track: "stable" }]);
      });
    }

    it("refuses another driver", async () => {
      open(20);
      await assert.rejects(
        world.up("canary", canary("a"), { environment: { GRAY_EPOCH: "2" } }),
        /the weight and the number of canary pods stay as they are/,
      );
      assert.equal(pods(), 1);
    });
  });
});
