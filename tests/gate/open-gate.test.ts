import assert from "node:assert/strict";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

describe("the gate before a service in two stacks", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { approve, install, now, record, tryNext } = twoStacks(() => world);

  it("refuses prod a release without a verdict, and changes nothing", async () => {
    const a = await install();
    await tryNext("b");
    const held = JSON.stringify([...world.api.objects]);
    await assert.rejects(world.up("prod", prod("b")), /has not been judged good yet: let gray verify judge it/);
    assert.equal(JSON.stringify([...world.api.objects]), held);
    assert.equal(world.runs("web"), a);
  });

  it("warns of that refusal in preview, and shows it as an input of the component", async () => {
    await install();
    await tryNext("b");
    const { warnings, resources } = await world.up("prod", prod("b"), { preview: true });
    assert.match(warnings.join(), /has not been judged good yet.* This is a preview; up would stop here\./);
    const component = resources.find(({ type }) => type === "gray-release:index:CanaryService");
    assert.deepEqual(component?.inputs.admissions, { stable: { admitted: false, code: "no-verdict" } });
  });

  it("shows the same admissions on every run without a change", async () => {
    await world.up("canary", canary("a"));
    const admissions = async () => {
      const { resources } = await world.up("prod", prod("a"));
      return resources.find(({ type }) => type === "gray-release:index:CanaryService")?.inputs.admissions;
    };
    assert.deepEqual(await admissions(), await admissions());
  });

  it("refuses prod's first install while canary's pods are not available", async () => {
    await world.up("canary", canary("a"));
    world.deployment("web-canary").status.availableReplicas = 0;
    await assert.rejects(world.up("prod", prod("a")), /web-canary does not run it with all its pods available/);
  });

  it("refuses prod before canary's first run", async () => {
    await assert.rejects(
      world.up("prod", prod("a")),
      /web has no release in stack canary.*pulumi up --stack canary first/,
    );
  });

  it("refuses canary a release that was judged bad", async () => {
    await install();
    await tryNext("b");
    const b = now();
    await world.up("canary", canary("a"));
    world.writeRecord({ verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
    await assert.rejects(world.up("canary", canary("b")), /was judged bad \(evidence: 5xx\)/);
  });

  it("admits a break-glass override, and writes an Event", async () => {
    await install();
    await tryNext("b");
    const { warnings } = await world.up("prod", prod("b"), { environment: { GRAY_BREAK_GLASS: "users are offline" } });
    assert.match(warnings.join(), /passes the gate by a break-glass override: users are offline/);
    assert.equal(world.runs("web"), now());
    const events = [...world.api.objects.values()].filter(({ kind }) => kind === "Event");
    assert.deepEqual(
      events.map(({ type, reason }) => [type, reason]),
      [
        ["Normal", "ReleaseComplete"],
        ["Warning", "BreakGlass"],
        ["Normal", "ReleaseComplete"],
      ],
    );
  });

  describe("without the permission to write Events", () => {
    let told: string[];
    const { warn } = console;
    beforeEach(() => {
      told = [];
      console.warn = (message: string) => void told.push(message);
      world.api.intercept = ({ method, path }) =>
        method === "POST" && path.endsWith("/events")
          ? { status: 403, body: { message: "events is forbidden" } }
          : undefined;
    });
    afterEach(() => {
      console.warn = warn;
    });

    it("records a complete roll, and warns", async () => {
      const a = await install();
      assert.deepEqual(record().stableHistory, [a]);
      assert.equal(world.stackState("prod", "web").current.stable, a);
      assert.deepEqual(told.length, 1);
      assert.match(
        told.join(),
        /^The Event ReleaseComplete on Deployment web could not be written: events is forbidden/,
      );
    });

    it("admits a break-glass override", async () => {
      await install();
      await tryNext("b");
      await world.up("prod", prod("b"), { environment: { GRAY_BREAK_GLASS: "users are offline" } });
      assert.equal(world.runs("web"), now());
      assert.match(told.join(), /The Event BreakGlass on Deployment web could not be written/);
    });
  });

  it("refuses a new release if the record was deleted", async () => {
    await install();
    await tryNext("b");
    world.api.objects.delete(world.recordPath("web"));
    await assert.rejects(
      world.up("prod", prod("b")),
      /is live and there is no record, ConfigMap web-rollout, of what it ran/,
    );
  });

  it("asks again at the last moment, and stops there", async () => {
    const a = await install();
    await tryNext("b");
    const b = now();
    approve(b);
    /** The release is judged bad after the program has read the record and before the Deployment is changed. */
    let reads = 0;
    world.api.intercept = ({ method, path }) => {
      if (method === "GET" && path === world.recordPath("web") && ++reads === 2) {
        world.writeRecord({ verdicts: { [b]: verdict("bad") } }, "web");
      }
      return undefined;
    };
    await assert.rejects(world.up("prod", prod("b")), /was judged bad/);
    assert.equal(world.runs("web"), a);
  });
});
