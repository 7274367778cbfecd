import assert from "node:assert/strict";
import { twoStacks } from "../fake/two-stacks.ts";
import { both, canary, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

describe("a release that was undone", () => {
  let world: World;
  let a: string;
  let b: string;
  let advice: string;
  beforeEach(async () => {
    world = await World.start();
    const { install, tryNext } = twoStacks(() => world);
    a = await install();
    b = await tryNext("b");
    advice = `describe another one, or overrule that with gray approve ${b}.`;
    world.writeRecord({ verdicts: { [b]: verdict("bad") }, replacedBy: { [b]: a } }, "web");
  });
  afterEach(() => world.stop());

  it("stays so while the program still describes it, on both tracks, and every run says it", async () => {
    for (const _ of ["once", "again"]) {
      const { warnings } = await world.up("canary", canary("b"));
      assert.equal(world.runs("web-canary"), a);
      assert.deepEqual(warnings, [
        `web: release ${b} was undone, so canary runs ${a} and not ${b}, which this program describes: ${advice}`,
      ]);
      const stable = await world.up("prod", prod("b"));
      assert.equal(world.runs("web"), a);
      assert.deepEqual(stable.warnings, [
        `web: release ${b} was undone, so stable runs ${a} and not ${b}, which this program describes: ${advice}`,
      ]);
    }
  });

  it("keeps stable back even before canary went back", async () => {
    const { warnings } = await world.up("prod", prod("b"));
    assert.equal(world.runs("web"), a);
    assert.deepEqual(warnings, [
      `web: release ${b} was undone, so stable runs ${a} and not ${b}, which canary runs: ${advice}`,
    ]);
  });

  it("ends with a third one", async () => {
    const { warnings } = await world.up("canary", canary("c"));
    assert.deepEqual(warnings, []);
    assert.ok(![a, b].includes(world.runs("web-canary")));
  });

  it("comes back for a person who names it, if it is not bad", async () => {
    world.writeRecord({ verdicts: { [b]: verdict("good") } }, "web");
    await world.up("canary", canary("b", { release: b }));
    assert.equal(world.runs("web-canary"), b);
  });
});

describe("stable, going back in a hurry", () => {
  it("rolls all its pods at once, and canary as ever", async () => {
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
