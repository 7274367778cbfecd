import assert from "node:assert/strict";
import { statusCommand } from "../../../cli/commands/status.ts";
import { thisProcess } from "../../../rollout/holder.ts";
import { identityOf } from "../../../rollout/lease-acquisition.ts";
import { drivenElsewhere } from "../../fake/driven-elsewhere.ts";
import { Shell } from "../../fake/gray.ts";
import { openRollout } from "../../fake/open-rollout.ts";
import { passingTime } from "../../fake/sleep.ts";
import { verdict, World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

describe("gray status", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  let timeAgain: () => void;
  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
    timeAgain = passingTime();
  });
  afterEach(() => {
    timeAgain();
    return end();
  });

  const status = async () => JSON.parse(await shell.run(statusCommand(), "--json"));
  const pod = (name: string, track: string, release: string) =>
    world.api.put(`/api/v1/namespaces/dora-apps/pods/${name}`, {
      metadata: {
        name,
        creationTimestamp: "2026-01-01T00:00:00Z",
        labels: { app: "web", track, release },
      } as { name: string },
      spec: { nodeName: "node-1", containers: [{}] },
      status: {
        phase: "Running",
        podIP: "10.0.0.1",
        containerStatuses: [{ name: "web", ready: true, restartCount: 0 }],
      },
    });

  it("says as JSON what each track runs, whether completely, and with which verdict", async () => {
    world.deployment("web-canary").status.availableReplicas = 0;
    world.writeRecord({ verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
    const { service, namespace, tracks, record } = await status();
    assert.deepEqual([service, namespace, record], ["web", "dora-apps", "read"]);
    assert.deepEqual(tracks, {
      stable: { release: a, replicas: 9, complete: true, drift: [], verdict: "ran completely on stable" },
      canary: { release: b, replicas: 1, complete: false, drift: [], verdict: "bad (evidence: 5xx)" },
    });
  });

  it("names the field of a pod template that somebody changed past the program, though the label release is the same", async () => {
    const { spec } = world.deployment("web").spec.template;
    spec.containers[0].image = "web:evil";
    const { stable, canary } = (await status()).tracks;
    const field = "spec.template.spec.containers[web].image";
    assert.deepEqual(stable.drift, [{ field, how: 'is "web:evil" and the release has "web:a"' }]);
    assert.deepEqual([stable.release, stable.complete, canary.drift], [a, false, []]);
    const said = await shell.run(statusCommand());
    assert.match(said, new RegExp(`\nstable +${a} +9 +drifted `));
    assert.match(
      said,
      new RegExp(`\nstable differs from release ${a}: spec\\.template\\.spec\\.containers\\[web\\]\\.image is`),
    );
    assert.match(said, /\. The next pulumi up of its stack repairs it\.\n/);
  });

  it("says of a track that nobody compared with its release that it is so", async () => {
    const path = "/api/v1/namespaces/dora-apps/configmaps/web-templates";
    const data = world.api.objects.get(path)?.data;
    for (const kept of [
      undefined,
      { ...data, stable: "{" },
      { ...data, stable: JSON.stringify({ release: b, template: {} }) },
    ]) {
      world.api.objects.delete(path);
      if (kept) world.api.put(path, { metadata: { name: "web-templates" }, data: kept });
      const { stable, canary } = (await status()).tracks;
      assert.deepEqual([stable.drift, canary.drift, stable.complete], [undefined, kept && [], true]);
      assert.match(
        await shell.run(statusCommand()),
        new RegExp(`\nstable was not compared with release ${a} yet: the next pulumi up of its stack does it\\.\n`),
      );
    }
  });

  it("lists the pods by name, and counts the endpoints of each track that get requests", async () => {
    pod("web-2", "stable", a);
    pod("web-1", "stable", a);
    pod("web-canary-1", "canary", b);
    const endpoint = (name: string, ready?: boolean) => ({
      addresses: ["10.0.0.1"],
      targetRef: { name },
      conditions: ready === undefined ? {} : { ready },
    });
    world.api.put("/apis/discovery.k8s.io/v1/namespaces/dora-apps/endpointslices/web-1", {
      metadata: { name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
      endpoints: [endpoint("web-1", true), endpoint("web-2", false), endpoint("web-canary-1")],
    });
    const { pods, endpoints } = await status();
    assert.deepEqual(
      pods.map((row: Record<string, unknown>) => [row.name, row.ready, row.track, row.release]),
      [
        ["web-1", "1/1", "stable", a],
        ["web-2", "1/1", "stable", a],
        ["web-canary-1", "1/1", "canary", b],
      ],
    );
    assert.deepEqual(endpoints, { stable: 1, canary: 1 });
  });

  it("says that a damaged record is damaged", async () => {
    world.writeRecordText("{", "web");
    const { tracks, record } = await status();
    assert.equal(record, "unreadable");
    assert.match(tracks.canary.verdict, /^unknown: the record cannot be read/);
  });

  it("says which rollout is open, where it stands, what its driver does and whether that is alive", async () => {
    const effect = { name: "canary at 10 %", at: "2026-01-01T00:01:00.000Z" };
    const paused = { by: "carol", reason: "lunch", at: "2026-01-01T00:02:00.000Z" };
    world.writeRecord({ open: openRollout(b, a, { step: 1, effect, paused }) }, "web");
    assert.equal((await status()).rollout.driver, undefined);
    assert.match(
      await shell.run(statusCommand()),
      /\nNobody drives it, and "canary at 10 %" may be half done: gray resume goes on, gray abort goes back\.\n/,
    );
    drivenElsewhere(world);
    const { rollout } = await status();
    assert.deepEqual(
      [rollout.release, rollout.from, rollout.by, rollout.step, rollout.steps, rollout.name],
      [b, a, "bob", 2, 3, "step 2 of 3, canary at 10 %"],
    );
    assert.deepEqual([rollout.effect, rollout.paused, rollout.driver.alive], [effect, paused, true]);
    const said = await shell.run(statusCommand());
    assert.match(
      said,
      new RegExp(`\nRollout of ${b} over ${a}, begun by bob .* ago: step 2 of 3, canary at 10 %, not in force`),
    );
    assert.match(said, /\nIt is paused, by carol .* ago: lunch\.\nUnder way: canary at 10 %, begun .* ago\.\n/);
    assert.match(said, /\nProcess \d+ on \S+ drives it\.\n/);
    world.api.intercept = () => undefined;
    world.api.put("/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout", {
      metadata: { name: "web-rollout" },
      spec: { holderIdentity: identityOf({ ...thisProcess(), started: "1" }), renewTime: new Date().toISOString() },
    });
    assert.equal((await status()).rollout.driver.alive, false);
    assert.match(await shell.run(statusCommand()), /\nNobody drives it any more \(Process \d+ on \S+ did\), and/);
  });

  it("knows by what it sees whether the driver is alive, and by nobody's clock", async () => {
    world.writeRecord({ open: openRollout(b, a) }, "web");
    const minute = 60_000;
    for (const skew of [-minute, -20_000, 0, minute]) {
      for (const dies of [false, true]) {
        drivenElsewhere(world, { skew, dies });
        const { driver } = (await status()).rollout;
        assert.equal(driver.alive, !dies, `a clock that is ${skew / 1000} s before ours`);
        assert.ok(Math.abs(Date.parse(driver.renewed) - Date.now() - skew) < minute / 2, "its time is shown");
      }
    }
  });

  it("says why the last driver left a rollout holding", async () => {
    const stoppedReason = {
      by: "gray",
      reason: "no decision within 15 min: too few requests",
      at: "2026-01-01T00:02:00.000Z",
    };
    world.writeRecord({ open: openRollout(b, a, { step: 1, stoppedReason }) }, "web");
    assert.deepEqual((await status()).rollout.stoppedReason, stoppedReason);
    assert.match(
      await shell.run(statusCommand()),
      /\nIt was left holding .* ago: no decision within 15 min: too few requests\.\nNobody drives it: gray resume/,
    );
  });

  it("says that the rollout that is open is another version's, and shows the rest", async () => {
    world.writeRecord({ open: { ...openRollout(b, a), steps: [{ stage: "shadow" }] } as never }, "web");
    assert.match((await status()).rollout.unknown, /does not understand .*: go on with that version\.$/);
    assert.match(
      await shell.run(statusCommand()),
      /^Service web in dora-apps: [\s\S]* does not understand .*: go on with that version\.\n\nNAME /,
    );
  });

  it("is a table for people", async () => {
    pod("web-canary-1", "canary", b);
    const said = await shell.run(statusCommand());
    assert.match(said, new RegExp(`canary +${b} +1 +yes +undecided`));
    assert.match(said, /Service web in dora-apps: 0 endpoints \(0 stable, 0 canary\)/);
    assert.match(said, new RegExp(`web-canary-1 +1/1 +Running .* canary +${b}`));
  });

  it("is refused where there is no service", async () => {
    const empty = await World.start();
    const other = new Shell(empty.api.kubeconfig);
    try {
      await assert.rejects(other.run(statusCommand()), /There is no service under gray release in the cluster/);
    } finally {
      other.remove();
      await empty.stop();
    }
  });
});
