import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../components/user-error.ts";
import { openRollout } from "../fake/open-rollout.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

describe("the release that canary's preview passes to stable's", () => {
  let world: World;
  let folder: string;
  let environment: Record<string, string>;
  let a: string;
  beforeEach(async () => {
    world = await World.start();
    a = await twoStacks(() => world).install();
    folder = mkdtempSync(join(tmpdir(), "gray-rendered-"));
    environment = { GRAY_RENDERED: join(folder, "releases.json") };
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await world.stop();
  });

  const preview = (stack: string, program: ReturnType<typeof canary>) =>
    world.up(stack, program, { preview: true, environment });
  const left = () => JSON.parse(readFileSync(environment.GRAY_RENDERED ?? "", "utf8"))["dora-apps/web"];
  const component = ({ resources }: Awaited<ReturnType<typeof preview>>) =>
    resources.find(({ type }) => type === "gray-release:index:CanaryService")?.inputs;

  it("is the release that canary would run, and is assumed good in stable's preview", async () => {
    await preview("canary", canary("b"));
    const { id } = left();
    assert.notEqual(id, a);
    const found = await preview("prod", prod("b"));
    assert.equal(component(found).releases.stable.id, id);
    assert.deepEqual(component(found).admissions, { stable: { admitted: true, assumed: true } });
    assert.deepEqual(found.warnings, []);
  });

  it("is ignored without the variable: stable's preview then shows the release that canary runs", async () => {
    const found = await world.up("prod", prod("b"), { preview: true });
    assert.equal(component(found).releases.stable.id, a);
  });

  it("is shown as if the open rollout had ended", async () => {
    await world.up("canary", canary("b"));
    const b = world.runs("web-canary");
    world.writeRecord({ open: { ...openRollout(b, a), weight: 0 } }, "web");
    const [found, asIs] = [
      await preview("canary", canary("c")),
      await world.up("canary", canary("c"), { preview: true }),
    ];
    assert.deepEqual([component(found).admissions, found.warnings], [{ canary: { admitted: true } }, []]);
    assert.deepEqual(component(asIs).admissions, { canary: { admitted: false, code: "rollout-open" } });
    const { admissions } = component(await preview("prod", prod("c")));
    assert.deepEqual(admissions, { stable: { admitted: true, assumed: true } });
  });

  it("is not admitted if it was judged bad", async () => {
    await preview("canary", canary("b"));
    world.writeRecord({ verdicts: { [left().id]: verdict("bad", "evidence", "5xx") } }, "web");
    const { stable } = component(await preview("prod", prod("b"))).admissions;
    assert.deepEqual(stable.admitted, false);
  });

  it("is refused by up, and nothing is changed", async () => {
    await preview("canary", canary("b"));
    const refusal = new UserError(
      "GRAY_RENDERED is set in the environment, and gray sets it only for its own previews: unset it, then run pulumi up.",
    );
    await assert.rejects(world.up("prod", prod("b"), { environment }), refusal);
    await assert.rejects(world.up("canary", canary("b"), { environment }), refusal);
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, a]);
  });

  it("is refused where its content does not match its id", async () => {
    await preview("canary", canary("b"));
    const release = { ...left(), id: a };
    writeFileSync(environment.GRAY_RENDERED ?? "", JSON.stringify({ "dora-apps/web": release }));
    await assert.rejects(preview("prod", prod("b")), /of GRAY_RENDERED cannot be understood .*does not match its id/);
  });
});
