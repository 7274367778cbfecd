import assert from "node:assert/strict";
import { statusCommand } from "../../../cli/commands/status.ts";
import { thisProcess } from "../../../rollout/holder.ts";
import { identityOf } from "../../../rollout/lease-acquisition.ts";
import { drivenElsewhere } from "../../fake/driven-elsewhere.ts";
import { Shell } from "../../fake/gray.ts";
import { openRollout, waitingRollout } from "../../fake/open-rollout.ts";
import { passingTime } from "../../fake/sleep.ts";
import { becomeWorker } from "../../fake/worker.ts";
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

  it("prints as JSON the release of each track, whether it is complete, and its verdict", async () => {
    world.deployment("web-canary").status.availableReplicas = 0;
    world.writeRecord({ verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
    const { service, namespace, tracks, record } = await status();
    assert.deepEqual([service, namespace, record], ["web", "dora-apps", "read"]);
    assert.deepEqual(tracks, {
      stable: { release: a, replicas: 9, complete: true, drift: [], verdict: "ran completely on stable" },
      canary: { release: b, replicas: 1, complete: false, drift: [], verdict: "bad (evidence: 5xx)" },
    });
  });

  it("begins with what is going on and what you can type, also that a rollout waits for an approval and that one was rolled back", async () => {
    assert.equal((await status()).situation.is, "without a ready pod of stable");
    pod("web-1", "stable", a);
    world.api.put("/apis/discovery.k8s.io/v1/namespaces/dora-apps/endpointslices/web-1", {
      metadata: { name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
      endpoints: [{ conditions: { ready: true }, targetRef: { name: "web-1" } }],
    } as never);
    world.writeRecord({ open: waitingRollout(b, a) }, "web");
    const { situation, rollout } = await status();
    assert.deepEqual([situation.is, rollout.awaitsApproval], ["waiting for a person", true]);
    assert.match(
      await shell.run(statusCommand()),
      new RegExp(
        `^web is waiting for a person: .*You can type: gray approve ${b} --reason "…" \\| gray abort --reason "…"\n`,
      ),
    );
    world.writeRecord(
      { open: waitingRollout(b, a, { approved: { by: "carol", reason: "ok", at: "2026-01-01T00:00:00Z" } }) },
      "web",
    );
    assert.equal((await status()).rollout.awaitsApproval, undefined);
    const undone = { release: b, from: a, began: "2026-01-01T00:00:00Z", ended: "2026-01-01T00:01:00Z", by: "bob" };
    world.writeRecord({ open: undefined, ended: [{ ...undone, outcome: "undone", reason: "5xx" }] }, "web");
    assert.equal((await status()).situation.is, "rolled back");
    assert.match(
      await shell.run(statusCommand()),
      new RegExp(`^web is rolled back: ${b} was rolled back to ${a}: 5xx\\.`),
    );
  });

  it("prints the pods of a worker in place of endpoints", async () => {
    becomeWorker(world);
    pod("web-1", "stable", a);
    pod("web-canary-1", "canary", b);
    assert.equal((await status()).endpoints, undefined);
    const text = await shell.run(statusCommand());
    assert.match(text, /\n\nWorker web in dora-apps: 2 pods \(1 stable, 1 canary\)\n/);
  });

  it("prints why the roll of a track does not go on, in Kubernetes' words", async () => {
    world.deployment("web-canary").status.availableReplicas = 0;
    const message = "0/1 nodes are available: 1 Insufficient cpu.";
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
    Object.assign(pod("web-canary-1", "canary", b), { status: { phase: "Pending", conditions } });
    const why = "pod web-canary-1 cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu";
    const { stable, canary } = (await status()).tracks;
    assert.deepEqual([stable.cause, canary.cause], [undefined, why]);
    assert.ok((await shell.run(statusCommand())).includes(`The roll of canary does not go on: ${why}.`));
  });

  it("prints the decision that stable is broken", async () => {
    const stableIsBroken = { by: "alice", reason: "500 since noon", at: "2026-01-01T00:00:00Z" };
    world.writeRecord({ open: openRollout(b, a, { stableIsBroken }) }, "web");
    assert.deepEqual((await status()).rollout.stableIsBroken, stableIsBroken);
    assert.match(
      await shell.run(statusCommand()),
      /^Canary's own rates decide while stable is broken, by alice .* ago: 500 since noon\.$/m,
    );
  });

  it("prints why pods of a track cannot be created", async () => {
    const conditions = [{ type: "ReplicaFailure", status: "True", message: "exceeded quota: few" }];
    Object.assign(world.deployment("web-canary").status, { availableReplicas: 0, conditions });
    assert.match(
      (await status()).tracks.canary.cause,
      /^no pod of Deployment web-canary can be created.*: exceeded quota/,
    );
  });

  it("says that canary's pods have all users while no pod of stable is ready", async () => {
    pod("web-canary-1", "canary", b);
    world.api.put("/apis/discovery.k8s.io/v1/namespaces/dora-apps/endpointslices/web-1", {
      metadata: { name: "web-1", namespace: "dora-apps", labels: { "kubernetes.io/service-name": "web" } },
      endpoints: [{ conditions: { ready: true }, targetRef: { name: "web-canary-1" } }],
    } as never);
    assert.match((await status()).overload, /^No pod of stable is ready, so all users are on 1 pod of canary/);
    assert.match(await shell.run(statusCommand()), /No pod of stable is ready/);
  });

  it("prints the field of a pod template that was changed outside of Pulumi, although the label release is the same", async () => {
    const { spec } = world.deployment("web").spec.template;
    spec.containers[0].image = "web:evil";
    const { stable, canary } = (await status()).tracks;
    const field = "spec.template.spec.containers[web].image";
    assert.deepEqual(stable.drift, [{ field, how: 'is "web:evil" and the release has "web:a"' }]);
    assert.deepEqual([stable.release, stable.complete, canary.drift], [a, false, []]);
    const output = await shell.run(statusCommand());
    assert.match(output, new RegExp(`\nstable +${a} +9 +drifted `));
    assert.match(
      output,
      new RegExp(`\nstable differs from release ${a}: spec\\.template\\.spec\\.containers\\[web\\]\\.image is`),
    );
    assert.match(output, /\. The next pulumi up of its stack repairs it\.\n/);
  });

  it("reports a track that was not compared with its release yet", async () => {
    const path = "/api/v1/namespaces/dora-apps/configmaps/web-templates";
    const data = world.api.objects.get(path)?.data;
    for (const stored of [
      undefined,
      { ...data, stable: "{" },
      { ...data, stable: JSON.stringify({ release: b, template: {} }) },
    ]) {
      world.api.objects.delete(path);
      if (stored) world.api.put(path, { metadata: { name: "web-templates" }, data: stored });
      const { stable, canary } = (await status()).tracks;
      assert.deepEqual([stable.drift, canary.drift, stable.complete], [undefined, stored && [], true]);
      assert.match(
        await shell.run(statusCommand()),
        new RegExp(`\nstable was not compared with release ${a} yet: the next pulumi up of its stack does that\\.\n`),
      );
    }
  });

  it("lists the pods by name, and counts the ready endpoints of each track", async () => {
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

  it("reports a corrupt record", async () => {
    world.writeRecordText("{", "web");
    const { tracks, record } = await status();
    assert.equal(record, "unreadable");
    assert.match(tracks.canary.verdict, /^unknown: the record cannot be read/);
  });

  it("prints the open rollout, its step, what its driver is doing and whether the driver is alive", async () => {
    const effect = { name: "canary at 10 %", at: "2026-01-01T00:01:00.000Z" };
    const paused = { by: "carol", reason: "lunch", at: "2026-01-01T00:02:00.000Z" };
    world.writeRecord({ open: openRollout(b, a, { step: 1, effect, paused }) }, "web");
    assert.equal((await status()).rollout.driver, undefined);
    assert.match(
      await shell.run(statusCommand()),
      /\nNo driver is alive, and "canary at 10 %" may be half done: continue with gray resume -n dora-apps --service web, or roll back with gray abort --reason "…" -n dora-apps --service web\.\n/,
    );
    drivenElsewhere(world);
    const { rollout } = await status();
    assert.deepEqual(
      [rollout.release, rollout.from, rollout.by, rollout.step, rollout.steps, rollout.name],
      [b, a, "bob", 2, 3, "step 2 of 3, canary at 10 %"],
    );
    assert.deepEqual([rollout.effect, rollout.paused, rollout.driver.alive], [effect, paused, true]);
    const output = await shell.run(statusCommand());
    assert.match(
      output,
      new RegExp(`\nRollout of ${b} over ${a}, started by bob .* ago: step 2 of 3, canary at 10 %, not in force`),
    );
    assert.match(output, /\nIt is paused, by carol .* ago: lunch\.\nUnder way: canary at 10 %, started .* ago\.\n/);
    assert.match(output, /\nProcess \d+ on \S+ is driving it\.\n/);
    world.api.intercept = () => undefined;
    world.api.put("/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout", {
      metadata: { name: "web-rollout" },
      spec: { holderIdentity: identityOf({ ...thisProcess(), started: "1" }), renewTime: new Date().toISOString() },
    });
    assert.equal((await status()).rollout.driver.alive, false);
    assert.match(await shell.run(statusCommand()), /\nNo driver is alive \(Process \d+ on \S+ was the last\), and/);
  });

  it("observes whether the driver is alive, without comparing clocks", async () => {
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

  it("prints why the last driver left a rollout that holds", async () => {
    const stoppedReason = {
      by: "gray",
      reason: "no decision within 15 min: too few requests",
      at: "2026-01-01T00:02:00.000Z",
    };
    world.writeRecord({ open: openRollout(b, a, { step: 1, stoppedReason }) }, "web");
    assert.deepEqual((await status()).rollout.stoppedReason, stoppedReason);
    assert.match(
      await shell.run(statusCommand()),
      /\nIts last driver ended .* ago, because the rollout held: no decision within 15 min: too few requests\.\nNo driver is alive: continue with gray resume/,
    );
  });

  it("reports an open rollout of another version, and prints the rest", async () => {
    world.writeRecord({ open: { ...openRollout(b, a), steps: [{ stage: "shadow" }] } as never }, "web");
    assert.match((await status()).rollout.unknown, /does not understand .*: continue with that version\.$/);
    assert.match(
      await shell.run(statusCommand()),
      /^web is in an unknown state: .*\n\nService web in dora-apps: [\s\S]* does not understand .*: continue with that version\.\n\nNAME /,
    );
  });

  it("prints tables for people", async () => {
    pod("web-canary-1", "canary", b);
    const output = await shell.run(statusCommand());
    assert.match(output, new RegExp(`canary +${b} +1 +yes +undecided`));
    assert.match(output, /Service web in dora-apps: 0 endpoints \(0 stable, 0 canary\)/);
    assert.match(output, new RegExp(`web-canary-1 +1/1 +Running .* canary +${b}`));
  });

  it("is refused if there is no service", async () => {
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
