import assert from "node:assert/strict";
import { approveCommand } from "../../../cli/commands/approve.ts";
import { UserError } from "../../../components/user-error.ts";
import type { Verdict } from "../../../record/record.ts";
import type { Rollout } from "../../../rollout/rollout.ts";
import type { Shell } from "../../fake/gray.ts";
import { openRollout } from "../../fake/open-rollout.ts";
import { recordIn } from "../../fake/stored-record.ts";
import { prod } from "../../fake/web.ts";
import { verdict, type World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

describe("gray approve", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
  });
  afterEach(() => end());

  const approve = (...args: string[]) => shell.run(approveCommand(), ...args);
  const text = () => world.api.objects.get(world.recordPath("web"))?.data.record;
  const verdicts = () => recordIn(world.api, world.recordPath("web")).verdicts;
  const events = () =>
    [...world.api.objects.values()]
      .filter(({ reason }) => reason === "ReleaseApproved")
      .map(({ involvedObject, message }) => `${involvedObject.name}: ${message}`);

  it("writes a good verdict with name and reason, after which prod may run the release", async () => {
    await assert.rejects(world.up("prod", prod("b")), /has not been judged good yet/);
    const output = await approve(b, "--reason", "looks fine");
    assert.deepEqual(output.split("\n"), [
      `There is no evidence on release ${b}; gray verify gathers some.`,
      `web in dora-apps: release ${b} is judged good by alice. Next: pulumi up --stack prod`,
    ]);
    const { at, ...rest } = verdicts()[b] as Verdict;
    assert.deepEqual(rest, { verdict: "good", by: "alice", reason: "looks fine" });
    assert.ok(Date.parse(at));
    await world.up("prod", prod("b"));
    assert.equal(world.runs("web"), b);
  });

  it("prints the evidence first, and stores it beside the decision", async () => {
    const evidence = { verdict: "undecided", reason: "canary has answered 12 requests", pValue: 1 };
    const before = { ...verdict("undecided", "evidence"), evidence };
    world.writeRecord({ verdicts: { [b]: before }, stableHistory: [a] }, "web");
    const output = await approve(b, "--reason", "tried by hand");
    assert.equal(output.split("\n")[0], `Evidence on release ${b}: undecided, canary has answered 12 requests.`);
    const { by, verdict: now, evidence: kept } = verdicts()[b] as Verdict;
    assert.deepEqual([now, by, kept], ["good", "alice", evidence]);
  });

  it("leaves the rest of the record unchanged", async () => {
    world.writeRecord({ sequence: 3, verdicts: { [a]: verdict("good", "bob") } }, "web");
    await approve(b, "--reason", "looks fine");
    const { sequence, stableHistory, verdicts: all } = recordIn(world.api, world.recordPath("web"));
    assert.deepEqual([sequence, stableHistory, all[a]], [3, [a], verdict("good", "bob")]);
  });

  it("writes an Event on both Deployments", async () => {
    await approve(b, "--reason", "looks fine");
    const message = `release ${b} was judged good (alice: looks fine)`;
    assert.deepEqual(events().sort(), [`web-canary: ${message}`, `web: ${message}`]);
  });

  it("overrules a bad verdict, and reports that", async () => {
    world.writeRecord({ verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
    const output = await approve(b, "--reason", "the load generator was broken");
    assert.match(output, /\nThis overrules an earlier bad verdict \(evidence: 5xx\)\.\n/);
    assert.equal(verdicts()[b]?.verdict, "good");
  });

  it("reports that as JSON too", async () => {
    world.writeRecord({ verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
    const { at: _, ...output } = JSON.parse(await approve(b, "--reason", "broken", "--json"));
    assert.deepEqual(output, {
      service: "web",
      namespace: "dora-apps",
      release: b,
      verdict: "good",
      by: "alice",
      reason: "broken",
      overruled: "evidence: 5xx",
    });
  });

  it("does not report a good verdict as overruled", async () => {
    await approve(b, "--reason", "looks fine");
    assert.doesNotMatch(await approve(b, "--reason", "once more"), /overrules/);
  });

  it("reports that stable already runs the release", async () => {
    assert.match(await approve(a, "--reason", "looks fine"), /is judged good by alice\. Stable already runs it$/);
  });

  it("refuses a release that never ran here, and writes nothing", async () => {
    const before = text();
    await assert.rejects(
      approve("0123456789ab", "--reason", "looks fine"),
      new UserError(`web has never run release 0123456789ab: approve one of ${b}, ${a}.`),
    );
    assert.equal(text(), before);
    assert.deepEqual(events(), []);
  });

  it("refuses a release other than that of the open rollout, and writes nothing", async () => {
    world.writeRecord({ open: openRollout(b, a) }, "web");
    const before = text();
    const refusal = `A rollout of ${b} of web is open, so release ${a} cannot be approved: approve ${b}, or end its rollout first with gray abort --reason "…" -n dora-apps --service web.`;
    await assert.rejects(approve(a, "--reason", "looks fine"), new UserError(refusal));
    assert.equal(text(), before);
    assert.deepEqual(events(), []);
  });

  it("accepts a release that only a ReplicaSet still has", async () => {
    world.api.put("/apis/apps/v1/namespaces/dora-apps/replicasets/web-1", {
      metadata: { name: "web-1", labels: { app: "web", release: "0123456789ab" } },
    });
    await approve("0123456789ab", "--reason", "looks fine");
    assert.equal(verdicts()["0123456789ab"]?.by, "alice");
  });

  it("refuses to overwrite a corrupt record", async () => {
    world.writeRecordText("{", "web");
    await assert.rejects(approve(b, "--reason", "looks fine"), /^UserError: The record web-rollout .* cannot be read/);
    assert.equal(text(), "{");
    assert.deepEqual(events(), []);
  });

  describe("--stable-is-broken", () => {
    const broken = ["--stable-is-broken", "--reason", "500 since noon"];
    const open = () => recordIn(world.api, world.recordPath("web")).open;

    it("lets canary's own rates decide in the open rollout, and judges nothing", async () => {
      world.writeRecord({ open: openRollout(b, a), verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
      const output = await approve(b, ...broken);
      const message = `stable is broken, so release ${b} goes on by its own rates (alice: 500 since noon)`;
      assert.equal(
        output,
        `web in dora-apps: ${message}. Next: gray resume -n dora-apps --service web, unless a driver is waiting for the approval`,
      );
      const { by, reason } = (open() as unknown as Rollout).stableIsBroken ?? {};
      assert.deepEqual([by, reason], ["alice", "500 since noon"]);
      assert.equal(verdicts()[b]?.verdict, "bad");
      const written = [...world.api.objects.values()].filter((each) => each.reason === "StableDecidedBroken");
      assert.deepEqual(
        written.map((each) => each.message),
        [message, message],
      );
    });

    it("prints JSON", async () => {
      world.writeRecord({ open: openRollout(b, a) }, "web");
      const { stableIsBroken, ...rest } = JSON.parse(await approve(b, ...broken, "--json"));
      assert.deepEqual(rest, { service: "web", namespace: "dora-apps", release: b });
      assert.equal(stableIsBroken.by, "alice");
    });

    it("is refused without an open rollout of the release, and changes nothing", async () => {
      const before = text();
      await assert.rejects(approve(b, ...broken), /^UserError: No rollout of web is open: start one with gray rollout/);
      world.writeRecord({ open: openRollout(b, a) }, "web");
      const opened = text();
      await assert.rejects(approve(a, ...broken), /^UserError: A rollout of .* of web is open, so release/);
      assert.deepEqual([before !== opened, text()], [true, opened]);
    });
  });
});
