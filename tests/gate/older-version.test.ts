import assert from "node:assert/strict";
import { twoStacks } from "../fake/two-stacks.ts";
import { both, canary, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

describe("a service of a version that exported its releases in stack outputs", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { install, release, now } = twoStacks(() => world);
  const specs = () => ["web", "web-canary"].map((name) => JSON.stringify(world.deployment(name).spec));

  /** Releases a and b on both tracks, by that version. */
  const older = async () => {
    const a = await install();
    const b = await release("b");
    world.becomeOlder("web");
    return { a, b };
  };

  it("stores its releases in the cluster with the next up of canary's stack, and rolls no pod", async () => {
    const { a, b } = await older();
    const before = specs();
    await world.up("canary", canary("b"));
    assert.deepEqual(specs(), before);
    assert.deepEqual(world.stackState("canary", "web").history, [b, a]);
    assert.deepEqual(
      world.releases("web").map(({ id, configMaps }) => [id, Object.values(configMaps)]),
      [
        [b, [{ "web.conf": "b" }]],
        [a, [{ "web.conf": "a" }]],
      ],
    );
  });

  it("keeps its releases if the first up is refused", async () => {
    const { a, b } = await older();
    world.writeRecord({ open: { epoch: 1, release: b, weight: 10 } }, "web");
    await assert.rejects(world.up("canary", canary("c")), /refused while the rollout of/);
    world.writeRecord({ open: undefined as never }, "web");
    await world.up("canary", canary("b"));
    assert.deepEqual(world.stackState("canary", "web").history, [b, a]);
  });

  it("rolls no pod with an up of stable's stack, before and after that of canary's", async () => {
    const { b } = await older();
    const before = specs();
    await world.up("prod", prod("b"));
    assert.deepEqual(specs(), before);
    assert.equal(world.stackState("prod", "web").current.stable, b);
    await world.up("canary", canary("b"));
    await world.up("prod", prod("b"));
    assert.deepEqual(specs(), before);
  });

  it("goes back to an earlier release, before and after", async () => {
    const { a } = await older();
    await world.up("canary", canary("b", { release: a }));
    await world.up("prod", prod("b", { release: a }));
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, a]);
    await world.up("canary", canary("b"));
    await world.up("canary", canary("b", { release: a }));
    assert.equal(now(), a);
  });

  it("keeps in one stack what stable ran before", async () => {
    await world.up("test", both("a"));
    const a = world.runs("web");
    await world.up("test", both("b"));
    world.writeRecord({ verdicts: { [world.runs("web-canary")]: verdict("good") } }, "web");
    await world.up("test", both("b"));
    const state = world.stackState("test", "web");
    assert.equal(state.previous, a);
    world.becomeOlder("web");
    await world.up("test", both("b"));
    assert.deepEqual(world.stackState("test", "web"), state);
  });
});

describe("a release that is not stored any more", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { install, release } = twoStacks(() => world);
  const stored = (id: string) => `/api/v1/namespaces/dora-apps/configmaps/web-release-${id}`;

  it("is stored again from the copy in the stack state, without a warning", async () => {
    const a = await install();
    const b = await release("b");
    world.api.objects.delete(stored(a));
    assert.deepEqual((await world.up("canary", canary("b"))).warnings, []);
    assert.ok(world.api.objects.has(stored(a)));
    assert.deepEqual(world.stackState("canary", "web").history, [b, a]);
  });

  it("can be returned to by both stacks before it is stored again", async () => {
    const a = await install();
    await release("b");
    world.api.objects.delete(stored(a));
    await world.up("prod", prod("b", { release: a }));
    assert.equal(world.runs("web"), a);
  });

  it("is reported once if there is no copy either, and the others stay", async () => {
    const a = await install();
    const b = await release("b");
    world.api.objects.delete(stored(a));
    world.forgetCopies("canary", "web");
    const { warnings } = await world.up("canary", canary("b"));
    assert.match(
      warnings.join(),
      new RegExp(`^web: ConfigMap web-release-${a} is gone, so no track can return to release ${a} unless`),
    );
    assert.deepEqual(world.stackState("canary", "web").history, [b]);
    assert.deepEqual((await world.up("canary", canary("b"))).warnings, []);
  });

  it("is stored again without a word if the program describes it", async () => {
    const a = await install();
    world.api.objects.delete(stored(a));
    assert.deepEqual((await world.up("canary", canary("a"))).warnings, []);
    assert.ok(world.api.objects.has(stored(a)));
  });

  it("refuses an up if the ConfigMaps cannot be read, because an unreadable release is not an absent one", async () => {
    await install();
    world.api.intercept = ({ method, path }) =>
      method === "GET" && path.endsWith("/configmaps") ? { status: 403, body: { message: "forbidden" } } : undefined;
    const held = JSON.stringify([...world.api.objects]);
    await assert.rejects(world.up("canary", canary("b")), /forbidden/);
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("is lost with no stack state: another backend with a break-glass override finds all of them", async () => {
    const a = await install();
    const b = await release("b");
    for (const stack of ["canary", "prod"]) world.forget(stack);
    const environment = { GRAY_BREAK_GLASS: "the state was lost" };
    await world.up("canary", canary("b"), { environment });
    await world.up("prod", prod("b", { release: a }), { environment });
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, b]);
  });
});
