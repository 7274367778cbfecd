import assert from "node:assert/strict";
import { both } from "../fake/web.ts";
import { once, verdict, World } from "../fake/world.ts";

const small = { replicas: 3, weight: 25 };
const runs = once((world, tag: string) => world.up("test", both(tag, small)));

describe("a service in one stack", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  const record = () => JSON.parse(world.api.objects.get(world.recordPath("web"))?.data.record ?? "null");
  /** Release A on both tracks. */
  const install = async () => {
    await runs(world, "a");
    return world.runs("web");
  };
  /** Release B on canary, without a verdict. */
  const tryNext = async () => {
    await runs(world, "b");
    return world.runs("web-canary");
  };
  /** Ends an up during stable's first roll, when one of its pods is available. */
  const failingStable = () => {
    const path = "/apis/apps/v1/namespaces/dora-apps/deployments/web";
    world.api.intercept = (request) =>
      request.path === path && world.api.objects.has(path)
        ? { status: 500, body: { message: "the connection was lost" } }
        : undefined;
    return { status: { web: { availableReplicas: 1 } } };
  };

  it("installs both tracks at once", async () => {
    await world.up("test", both("a", small));
    assert.equal(world.runs("web"), world.runs("web-canary"));
  });

  it("keeps stable's release while canary tries a new one, and promotes that with the next up", async () => {
    const a = await install();
    const { warnings } = await world.up("test", both("b", small));
    const b = world.runs("web-canary");
    assert.notEqual(a, b);
    assert.equal(world.runs("web"), a);
    assert.match(warnings.join(), new RegExp(`web stable stays at ${a}\\. .*has not been judged good yet`));
    world.writeRecord({ verdicts: { [b]: verdict("good") } }, "web");
    await world.up("test", both("b", small));
    assert.equal(world.runs("web"), b);
  });

  it("rolls back both tracks", async () => {
    const a = await install();
    world.writeRecord({ verdicts: { [await tryNext()]: verdict("good") } }, "web");
    await tryNext();
    await world.up("test", both("b", { ...small, release: a }));
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, a]);
  });

  it("keeps the releases of both tracks with `current`", async () => {
    const a = await install();
    const b = await tryNext();
    await world.up("test", both("c", { ...small, release: "current" }));
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, b]);
  });

  it("keeps stable's release with `current`, even if canary's release is approved", async () => {
    const a = await install();
    const b = await tryNext();
    world.writeRecord({ verdicts: { [b]: verdict("good") } }, "web");
    await world.up("test", both("b", { ...small, release: "current" }));
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, b]);
  });

  describe("whose first install failed while stable rolled", () => {
    let a: string;
    beforeEach(async () => {
      await assert.rejects(world.up("test", both("a", small), failingStable()), /the connection was lost/);
      world.api.intercept = () => undefined;
      a = world.runs("web");
      assert.equal(world.deployment("web").status.availableReplicas, 1);
      assert.ok(!world.api.objects.has(world.recordPath("web")));
      assert.throws(() => world.stackState("test", "web"), /remembers nothing/);
    });

    it("is installed by the same up", async () => {
      await world.up("test", both("a", small));
      assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, a]);
      assert.equal(world.deployment("web").status.availableReplicas, 3);
      assert.deepEqual(record().stableHistory, [a]);
      assert.equal(world.stackState("test", "web").current.stable, a);
    });

    it("is installed by an up of a corrected release", async () => {
      await world.up("test", both("b", small));
      const b = world.runs("web-canary");
      assert.notEqual(b, a);
      assert.equal(world.runs("web"), b);
      assert.deepEqual(record().stableHistory, [b]);
    });
  });

  it("is not taken over from another backend once stable ran completely", async () => {
    await install();
    world.forget("test");
    const held = JSON.stringify([...world.api.objects]);
    await assert.rejects(
      world.up("test", both("b", small)),
      /has the owner id [0-9a-f]{16} and stack .*test in this Pulumi backend has the owner id/,
    );
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("restores stable's last release if its Deployment was deleted while canary tries another one", async () => {
    const a = await install();
    const b = await tryNext();
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
    const { warnings } = await world.up("test", both("b", small));
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, b]);
    assert.match(warnings.join(), new RegExp(`web stable stays at ${a}\\. .*has not been judged good yet`));
  });

  it("changes one track with each break-glass override: canary first, stable once canary runs the release completely", async () => {
    const environment = { GRAY_BREAK_GLASS: "users are offline" };
    const a = await install();
    const first = await world.up("test", both("b", small), { environment });
    const b = world.runs("web-canary");
    assert.notEqual(b, a);
    assert.equal(world.runs("web"), a);
    assert.match(first.warnings.join(), new RegExp(`web stable stays at ${a}\\.`));
    const second = await world.up("test", both("b", small), { environment });
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [b, b]);
    assert.match(second.warnings.join(), /web stable: .* passes the gate by a break-glass override: users are offline/);
  });

  it("keeps stable despite a break-glass override while canary's roll is not complete", async () => {
    const environment = { GRAY_BREAK_GLASS: "users are offline" };
    const a = await install();
    await tryNext();
    world.deployment("web-canary").status.availableReplicas = 0;
    await world.up("test", both("b", small), { environment });
    assert.equal(world.runs("web"), a);
  });

  it("follows an autoscaler's number of pods if the autoscaler owns it", async () => {
    const args = { replicas: "external", weight: 25 } as const;
    await world.up("test", both("a", { ...args, acceptShare: true }));
    world.deployment("web").spec.replicas = 6;
    await world.up("test", both("a", args));
    assert.equal(world.deployment("web-canary").spec.replicas, 2);
  });

  it("limits the time of each track's roll by the autoscaler's live number of pods", async () => {
    const args = { replicas: "external", weight: 25, startSeconds: 30 } as const;
    const patience = async () => {
      const { resources } = await world.up("test", both("a", args));
      return resources.filter(({ type }) => type.endsWith(":Deployment")).map(({ timeouts }) => timeouts.update);
    };
    assert.deepEqual(await patience(), ["660s", "660s"]);
    world.deployment("web").spec.replicas = 20;
    assert.deepEqual(await patience(), ["1020s", "1800s"]);
  });

  it("accepts any share that an autoscaler's number of pods gives canary", async () => {
    const { infos } = await world.up("test", both("a", { replicas: "external", weight: 1 }));
    assert.deepEqual(infos, ["web: asked 1 %, reached 50 %: 1 of 2 pods"]);
  });
});
