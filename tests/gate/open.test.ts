import assert from "node:assert/strict";
import { type ReleaseArgs, renderRelease } from "../../components/release.ts";
import { openRollout } from "../../gate/open.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { withoutSleep } from "../fake/sleep.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, image, prod, program, web } from "../fake/web.ts";
import { type Stashed, verdict, World } from "../fake/world.ts";

describe("a service in two stacks", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { approve, install, now, record, release, tryNext } = twoStacks(() => world);

  it("is installed: canary first, then prod with the same release, and a warning that there is no verdict yet", async () => {
    await world.up("canary", canary("a"));
    const { warnings } = await world.up("prod", prod("a"));
    assert.equal(world.runs("web"), world.runs("web-canary"));
    assert.match(warnings.join(), /is the first install: there are no users yet/);
    assert.deepEqual(world.deployment("web").spec.template.spec, world.deployment("web-canary").spec.template.spec);
  });

  it("limits the time of each track's roll by its own number of pods", async () => {
    const seconds: unknown[] = [];
    for (const weight of [10, 50]) {
      const args = web("a", { weight, minReadySeconds: 10, startSeconds: 20, progressDeadlineSeconds: 100 });
      await world.up("test", async () => {
        const { rollSeconds } = await openRollout("web", args);
        seconds.push(rollSeconds);
        return { releases: {} };
      });
    }
    assert.deepEqual(seconds, [
      { stable: 9 * 30 + 100, canary: 30 + 100 },
      { stable: 9 * 30 + 100, canary: 9 * 30 + 100 },
    ]);
  });

  it("limits the time of a roll by how long the live pods took to start", async () => {
    const release = renderRelease("web", { app: "web" }, web("a") as ReleaseArgs).id;
    const pod = { name: "web-1", labels: { app: "web", release }, creationTimestamp: "2026-01-01T00:00:00Z" };
    const conditions = [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:01:40Z" }];
    world.api.put("/api/v1/namespaces/dora-apps/pods/web-1", { metadata: pod, spec: {}, status: { conditions } });
    await world.up("test", async () => {
      const { rollSeconds } = await openRollout("web", web("a"));
      assert.equal(rollSeconds.stable, 9 * (30 + 210) + 600);
      return { releases: {} };
    });
  });

  it("takes 120 s for a pod if pods may not be listed", async () => {
    world.api.intercept = ({ path }) =>
      path.endsWith("/pods") ? { status: 403, body: { message: "forbidden" } } : undefined;
    await world.up("test", async () => {
      assert.equal((await openRollout("web", web("a"))).rollSeconds.stable, 9 * (30 + 120) + 600);
      return { releases: {} };
    });
  });

  it("has the releases that stable ran completely in its record", async () => {
    const a = await install();
    assert.deepEqual(record().stableHistory, [a]);
  });

  it("runs canary's release in prod, not the one that prod's program describes, with a warning", async () => {
    const a = await install();
    assert.deepEqual((await world.up("prod", prod("a"))).warnings, []);
    const { warnings } = await world.up("prod", prod("z"));
    assert.equal(world.runs("web"), a);
    assert.match(
      warnings.join(),
      new RegExp(
        `^web: canary runs ${a} and not [0-9a-f]{12}, which this program describes, so stable runs ${a}: run pulumi up --stack canary first\\.$`,
      ),
    );
  });

  it("lets prod have a release once it is approved", async () => {
    const a = await install();
    await tryNext("b");
    approve(now());
    await world.up("prod", prod("b"));
    assert.equal(world.runs("web"), now());
    assert.deepEqual(record().stableHistory, [a, now()]);
  });

  it("lets prod scale while canary's release is undecided, with `current`", async () => {
    const a = await install();
    await tryNext("b");
    await world.up("prod", prod("b", { release: "current", replicas: 12 }));
    assert.equal(world.runs("web"), a);
    assert.equal(world.deployment("web").spec.replicas, 12);
  });

  for (const [what, available] of [
    ["complete", 9],
    ["not complete", 8],
  ] as const) {
    it(`keeps prod's last complete release with \`current\`, whatever its stack state is, if its roll is ${what}`, async () => {
      const a = await install();
      const before = world.stashes.get("prod web-state");
      const b = await release("b");
      world.stashes.set("prod web-state", before as Stashed);
      assert.equal(world.stackState("prod", "web").current.stable, a);
      world.deployment("web").status.availableReplicas = available;
      await world.up("canary", canary("c"));
      await world.up("prod", prod("c", { release: "current" }));
      assert.equal(world.runs("web"), b);
    });
  }

  it("follows the configured stack of canary", async () => {
    await world.up("web-canary", canary("a"));
    await world.up("prod", prod("a", { canaryStack: "web-canary" }));
    assert.equal(world.runs("web"), world.stackState("web-canary", "web").current.canary);
  });

  it("prints the share that canary really gets", async () => {
    const { infos } = await world.up("canary", canary("a", { weight: 12 }));
    assert.deepEqual(infos, ["web: asked 12 %, reached 10 %: 1 of 10 pods"]);
  });

  it("fails with a roll that Kubernetes gave up, and records it on the next run if it has completed since", async () => {
    await world.up("canary", canary("a"));
    const conditions = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }];
    const status = { web: { availableReplicas: 8, conditions } };
    const restore = withoutSleep();
    await assert.rejects(
      world.up("prod", prod("a"), { status }).finally(restore),
      /Deployment web in namespace dora-apps did not complete its roll to .* \(its progress deadline is exceeded\)/,
    );
    assert.equal(record(), null);
    assert.throws(() => world.stackState("prod", "web"));
    world.deployment("web").status.availableReplicas = 9;
    await world.up("prod", prod("a"));
    assert.deepEqual(record().stableHistory, [now()]);
  });

  it("writes nothing in a preview", async () => {
    await install();
    const held = JSON.stringify([...world.api.objects]);
    await world.up("canary", canary("b"), { preview: true });
    await world.up("prod", prod("b"), { preview: true });
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });
});

describe("two services in one program", () => {
  it("have histories, gates and records of their own", async () => {
    const world = await World.start();
    try {
      const small = { replicas: 3, weight: 25 } as const;
      const shop = (tag: string) => serviceArgs({ containers: image(tag), ...small });
      const pair = (webTag: string, shopTag: string) => program(["web", web(webTag, small)], ["shop", shop(shopTag)]);
      await world.up("test", pair("a", "a"));
      const [webA, shopA] = [world.runs("web"), world.runs("shop")];
      await world.up("test", pair("b", "b"));
      world.writeRecord({ verdicts: { [world.runs("web-canary")]: verdict("good") } }, "web");
      await world.up("test", pair("b", "b"));
      assert.notEqual(world.runs("web"), webA);
      assert.equal(world.runs("shop"), shopA);
      assert.equal(world.stackState("test", "web").history.length, 2);
      assert.deepEqual(
        world.stackState("test", "shop").history.filter((id) => world.stackState("test", "web").history.includes(id)),
        [],
      );
    } finally {
      await world.stop();
    }
  });

  it("change neither if one is refused", async () => {
    const world = await World.start();
    try {
      const args = (tag: string) =>
        serviceArgs({ containers: image(tag), replicas: 3, weight: 25, tracks: ["canary"] });
      const pair = (tag: string) => program(["web", args(tag)], ["shop", args(tag)]);
      await world.up("test", pair("a"));
      const before = world.runs("web-canary");
      world.writeRecordText("{", "shop");
      await assert.rejects(
        world.up("test", pair("b")),
        /shop canary: .* the record in ConfigMap shop-rollout cannot be read/,
      );
      assert.equal(world.runs("web-canary"), before);
    } finally {
      await world.stop();
    }
  });
});
