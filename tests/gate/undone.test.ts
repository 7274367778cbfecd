import assert from "node:assert/strict";
import { twoStacks } from "../fake/two-stacks.ts";
import { both, canary, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

describe("a release that was rolled back", () => {
  let world: World;
  let a: string;
  let b: string;
  let advice: string;
  beforeEach(async () => {
    world = await World.start();
    const { install, tryNext } = twoStacks(() => world);
    a = await install();
    b = await tryNext("b");
    advice = `describe another release in the program, or let this one run again with gray approve ${b} --reason "…" -n dora-apps --service web.`;
    world.writeRecord({ verdicts: { [b]: verdict("bad") }, replacedBy: { [b]: a } }, "web");
  });
  afterEach(() => world.stop());

  it("stays rolled back on both tracks while the program still describes it, with a warning on every run", async () => {
    for (const _ of ["once", "again"]) {
      const { warnings } = await world.up("canary", canary("b"));
      assert.equal(world.runs("web-canary"), a);
      assert.deepEqual(warnings, [
        `web: release ${b} was rolled back, so canary runs ${a} and not ${b}, which this program describes: ${advice}`,
      ]);
      const stable = await world.up("prod", prod("b"));
      assert.equal(world.runs("web"), a);
      assert.deepEqual(stable.warnings, [
        `web: release ${b} was rolled back, so stable runs ${a} and not ${b}, which this program describes: ${advice}`,
      ]);
    }
  });

  it("does not reach stable even before canary has rolled back", async () => {
    const { warnings } = await world.up("prod", prod("b"));
    assert.equal(world.runs("web"), a);
    assert.deepEqual(warnings, [
      `web: release ${b} was rolled back, so stable runs ${a} and not ${b}, which canary runs: ${advice}`,
    ]);
  });

  it("is no longer mentioned once canary runs a third release", async () => {
    const { warnings } = await world.up("canary", canary("c"));
    assert.deepEqual(warnings, []);
    assert.ok(![a, b].includes(world.runs("web-canary")));
  });

  it("runs again if a person names it, unless it is bad", async () => {
    world.writeRecord({ verdicts: { [b]: verdict("good") } }, "web");
    await world.up("canary", canary("b", { release: b }));
    assert.equal(world.runs("web-canary"), b);
  });
});

describe("a fast rollback of stable", () => {
  it("replaces all its pods at once, and canary's as usual", async () => {
    const world = await World.start();
    try {
      await world.up("test", both("a"));
      const surge = (name: string) => world.deployment(name).spec.strategy.rollingUpdate.maxSurge;
      world.writeRecord(
        { open: { epoch: 1, release: world.runs("web"), weight: 10, stage: "full", fastRollback: true } },
        "web",
      );
      await world.up("test", both("a"), { environment: { GRAY_EPOCH: "1" } });
      assert.deepEqual([surge("web"), surge("web-canary")], ["100%", 1]);
    } finally {
      await world.stop();
    }
  });
});
