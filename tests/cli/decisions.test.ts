import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Command } from "commander";
import { abortCommand } from "../../cli/commands/abort.ts";
import { approveCommand } from "../../cli/commands/approve.ts";
import { pauseCommand } from "../../cli/commands/pause.ts";
import { promoteCommand } from "../../cli/commands/promote.ts";
import { resumeCommand } from "../../cli/commands/resume.ts";
import { resolveStep } from "../../components/step.ts";
import { UserError } from "../../components/user-error.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { drivenElsewhere } from "../fake/driven-elsewhere.ts";
import { setEnvironment } from "../fake/environment.ts";
import type { Shell } from "../fake/gray.ts";
import { openRollout, waitingRollout } from "../fake/open-rollout.ts";
import { passingTime, withoutSleep } from "../fake/sleep.ts";
import { recordIn } from "../fake/stored-record.ts";
import type { World } from "../fake/world.ts";
import { trial } from "./trial.ts";

const reason = ["--reason", "lunch"];
const commands: [name: string, command: () => Command, ...args: string[]][] = [
  ["pause", pauseCommand, ...reason],
  ["resume", resumeCommand],
  ["abort", abortCommand, ...reason],
  ["promote", promoteCommand, ...reason],
];

describe("a person's decision on a rollout", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  const was = process.exitCode;
  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
  });
  afterEach(() => {
    process.exitCode = was;
    return end();
  });

  const open = (rollout: Rollout) => world.writeRecord({ open: rollout }, "web");
  const record = () => recordIn(world.api, world.recordPath("web"));
  const openNow = () => record().open as unknown as Rollout;
  const written = () => world.api.requests.filter(({ method }) => method !== "GET").map(({ path }) => path);
  const events = () =>
    [...world.api.objects.values()]
      .filter(({ kind, reason }) => kind === "Event" && reason.startsWith("Rollout"))
      .map(({ reason, involvedObject, message }) => `${reason} ${involvedObject.name}: ${message}`);
  const run = async (command: Command, ...args: string[]) => {
    process.exitCode = undefined;
    const output = await shell.run(command, ...args);
    return { output, code: process.exitCode };
  };

  for (const [name, command, ...args] of commands) {
    it(`with gray ${name} is refused if none is open, and changes nothing`, async () => {
      world.writeRecord({ stableHistory: [a] }, "web");
      const from = written().length;
      await assert.rejects(
        run(command(), ...args),
        new UserError(
          "No rollout of web is open: start one with gray rollout -n dora-apps --service web, or list those that ended with gray history -n dora-apps --service web.",
        ),
      );
      assert.deepEqual(
        written()
          .slice(from)
          .filter((path) => !path.endsWith("selfsubjectreviews")),
        [],
      );
    });

    it(`with gray ${name} is refused if another version started the rollout, and changes nothing`, async () => {
      world.writeRecord({ open: { ...openRollout(b, a), steps: [{ stage: "shadow" }] } as never }, "web");
      const from = written().length;
      await assert.rejects(
        run(command(), ...args),
        new RegExp(
          `^UserError: The rollout of ${b} of web was started by a version .* does not understand .*: continue with that`,
        ),
      );
      assert.ok(
        !written()
          .slice(from)
          .some((path) => /configmaps|leases|events/.test(path)),
      );
    });

    it(`with gray ${name} is refused if the record is corrupt, and changes nothing`, async () => {
      world.writeRecordText("{", "web");
      const from = written().length;
      await assert.rejects(
        run(command(), ...args),
        /^UserError: The record web-rollout .* cannot be read \(.*\): restore it/,
      );
      assert.ok(
        !written()
          .slice(from)
          .some((path) => /configmaps|leases|events/.test(path)),
      );
    });
  }

  it("writes an Event on both Deployments, with name and reason", async () => {
    open(openRollout(b, a));
    const { output } = await run(pauseCommand(), ...reason);
    assert.match(
      output,
      /gray abort --reason "…" -n dora-apps --service web\. Until then a bad verdict rolls it back only while a driver is alive; a driver without/,
    );
    const message = `alice paused the rollout of ${b}: lunch`;
    assert.deepEqual(events().sort(), [`RolloutPaused web-canary: ${message}`, `RolloutPaused web: ${message}`]);
    assert.equal(openNow().paused?.reason, "lunch");
  });

  it("lets canary's own rates decide with gray resume --stable-is-broken", async () => {
    open(openRollout(b, a));
    drivenElsewhere(world);
    const sleepAgain = withoutSleep();
    await run(resumeCommand(), "--stable-is-broken").finally(sleepAgain);
    const { by, reason } = openNow().stableIsBroken ?? {};
    assert.deepEqual([by, reason], ["alice", "--stable-is-broken"]);
    const message = `alice goes on with the rollout of ${b}, by canary's own rates while stable is broken`;
    assert.deepEqual(events().sort(), [`RolloutResumed web-canary: ${message}`, `RolloutResumed web: ${message}`]);
  });

  it("is left to a driver that is alive, and refers to gray watch", async () => {
    open(openRollout(b, a));
    drivenElsewhere(world);
    const sleepAgain = withoutSleep();
    const { output, code } = await run(abortCommand(), ...reason).finally(sleepAgain);
    assert.equal(code, undefined);
    assert.match(
      output,
      /^Process \d+ on elsewhere is driving the rollout of web and will apply your command: follow it with gray watch -n dora-apps --service web\.$/,
    );
    assert.deepEqual(openNow().rollbackRequested?.by, "alice");
  });

  it("says how the rollout ended if its driver ends it before the command can take it over, and succeeds if that is what was asked for", async () => {
    const asked = openRollout(b, a);
    open(asked);
    // Another driver ends it as soon as it is asked to, and gives up the lease.
    world.api.intercept = ({ path }) => {
      if (path.includes("/leases") && record().open?.rollbackRequested) {
        const { release, from, began, by } = asked;
        const ended = { release, from, began, by, ended: new Date().toISOString() };
        world.writeRecord(
          { open: undefined, ended: [{ ...ended, outcome: "undone", reason: "alice aborted it: lunch" }] },
          "web",
        );
      }
      return undefined;
    };
    const sleepAgain = withoutSleep();
    const { output, code } = await run(abortCommand(), ...reason).finally(sleepAgain);
    assert.match(output, /^rolled back: alice aborted it: lunch$/m);
    assert.equal(code, 0);
  });

  it("takes effect from another folder while a driver is alive, and is refused there without one", async () => {
    open(openRollout(b, a));
    const folder = process.cwd();
    process.chdir(shell.folder);
    try {
      await assert.rejects(
        run(abortCommand(), ...reason),
        /^UserError: The abort of web is stored and canary goes on serving, because no pod of stable is ready, but no gray process is alive to finish the rollback: The stacks of web belong to the Pulumi project gray-release: run gray abort in the folder of its Pulumi\.yaml\.$/,
      );
      assert.equal(openNow().rollbackRequested?.by, "alice");
      open(openRollout(b, a));
      drivenElsewhere(world);
      const sleepAgain = withoutSleep();
      await run(abortCommand(), ...reason).finally(sleepAgain);
      assert.equal(openNow().rollbackRequested?.by, "alice");
    } finally {
      process.chdir(folder);
    }
  });

  describe("on a machine that cannot drive it", () => {
    const folder = process.cwd();
    let timeAgain: () => void;
    beforeEach(() => {
      timeAgain = passingTime();
      process.chdir(shell.folder);
      open(openRollout(b, a));
    });
    afterEach(() => {
      process.chdir(folder);
      timeAgain();
    });

    it("takes effect while a driver is alive, even if its clock is wrong", async () => {
      for (const skew of [-60_000, -20_000, 60_000]) {
        for (const [command, ...args] of [[abortCommand(), ...reason], [resumeCommand()]] as const) {
          drivenElsewhere(world, { skew });
          await run(command, ...args);
        }
        assert.equal(openNow().rollbackRequested?.by, "alice");
        open(openRollout(b, a));
      }
    });

    it("is refused if the driver is dead, even if its clock was ahead, and changes nothing", async () => {
      drivenElsewhere(world, { skew: 60_000, dies: true });
      await assert.rejects(
        run(promoteCommand(), ...reason),
        /^UserError: The stacks of web belong to the Pulumi project/,
      );
      assert.equal(record().verdicts[b], undefined);
    });

    it("is written at once if it is an abort, before the driver is known to be dead", async () => {
      drivenElsewhere(world, { dies: true });
      await assert.rejects(
        run(abortCommand(), ...reason),
        /^UserError: The abort of web is stored and canary goes on serving, because no pod of stable is ready.*: The stacks of web belong to/,
      );
      assert.equal(openNow().rollbackRequested?.by, "alice");
      const { requests } = world.api;
      const decision = requests.findIndex(({ method, path }) => method === "PUT" && path.endsWith("/web-rollout"));
      const reads = requests.slice(0, decision).filter(({ path }) => path.endsWith("/leases/web-rollout"));
      assert.ok(reads.length < 10, `${reads.length} reads of the lease before the decision`);
    });
  });

  describe("to abort takes users off canary at once", () => {
    const service = "/api/v1/namespaces/dora-apps/services/web";
    const selector = () => world.api.objects.get(service)?.spec.selector;
    let timeAgain: () => void;
    beforeEach(() => {
      timeAgain = passingTime();
      open(openRollout(b, a));
      world.api.put(service, {
        metadata: { name: "web", labels: { "gray-release/service": "web" } },
        spec: { selector: { app: "web" } },
      });
      world.api.put("/api/v1/namespaces/dora-apps/pods/web-1", {
        metadata: { name: "web-1", labels: { app: "web", track: "stable" } },
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
      });
    });
    afterEach(() => timeAgain());

    it("even while a driver is alive", async () => {
      drivenElsewhere(world);
      await run(abortCommand(), ...reason);
      assert.deepEqual(selector(), { app: "web", track: "stable" });
    });

    it("even if the API server fails again and again", async () => {
      drivenElsewhere(world);
      const { intercept } = world.api;
      let failed = 0;
      world.api.intercept = (request) =>
        request.method === "PATCH" && request.path === service && ++failed <= 20
          ? { status: 500, body: { message: "failed calling webhook" } }
          : intercept(request);
      await run(abortCommand(), ...reason);
      assert.deepEqual([selector(), failed], [{ app: "web", track: "stable" }, 21]);
    });
  });

  it("takes the rollout over although the API server fails for a moment", async () => {
    open(waitingRollout(b, a));
    let failed = 0;
    world.api.intercept = ({ path }) =>
      path.includes("/leases") && ++failed <= 3
        ? { status: 500, body: { message: "the server has a bad moment" } }
        : undefined;
    const { code } = await run(resumeCommand());
    assert.equal(code, 4);
    assert.ok(failed > 3);
  });

  it("cannot promote a rollout that is rolling back", async () => {
    const rollbackRequested = { by: "evidence", reason: "5xx", at: "2026-01-01T00:01:00.000Z" };
    open(openRollout(b, a, { rollbackRequested }));
    await assert.rejects(
      run(promoteCommand(), ...reason),
      /is already rolling back \(evidence: 5xx\): wait until it has ended/,
    );
    assert.equal(record().verdicts[b], undefined);
  });

  it("to resume drives without another driver, holds again if a step still needs approval, and ends with 4", async () => {
    open(waitingRollout(b, a));
    const { output, code } = await run(resumeCommand());
    assert.equal(code, 4);
    assert.match(
      output,
      new RegExp(
        `holds, and the traffic stays as it is: dark needs a person's approval; approve it with gray approve ${b} --reason "…" -n dora-apps --service web or roll back with gray abort --reason "…" -n dora-apps --service web`,
      ),
    );
    assert.deepEqual(
      events().filter((event) => event.includes(" web:")),
      [
        `RolloutResumed web: alice goes on with the rollout of ${b}`,
        `RolloutHeld web: release ${b} holds at dark: dark needs a person's approval; approve it with gray approve ${b} --reason "…" -n dora-apps --service web or roll back with gray abort --reason "…" -n dora-apps --service web`,
      ],
    );
    assert.deepEqual(world.api.objects.get(leasePath)?.spec.holderIdentity, undefined);
  });

  it("to approve lets a step begin, even before any pod runs the release", async () => {
    open(waitingRollout("0123456789ab", a));
    const { output } = await run(approveCommand(), "0123456789ab", "--reason", "the change was reviewed");
    assert.match(
      output,
      /web in dora-apps: step 1 of 2, dark, is approved by alice\. Next: gray resume -n dora-apps --service web, unless a driver is waiting/,
    );
    await run(approveCommand(), "0123456789ab", "--reason", "so do I");
    const { verdicts } = record();
    assert.deepEqual(
      [openNow().approved?.by, verdicts["0123456789ab"]],
      ["alice", undefined],
      "nobody judged the release",
    );
  });

  it("to approve judges the release good if the step is the last one", async () => {
    open(openRollout(b, a, { steps: [resolveStep({ stage: "full", approval: true }, [])] }));
    const { output } = await run(approveCommand(), b, "--reason", "the change was reviewed");
    assert.match(
      output,
      /is judged good by alice\. Next: gray resume -n dora-apps --service web, unless a driver is waiting for the approval$/,
    );
    const { verdicts } = record();
    assert.deepEqual([openNow().approved?.by, verdicts[b]?.verdict], ["alice", "good"]);
  });

  describe("with a webhook", () => {
    let server: Server;
    let taken: { kind: string; reason: string }[];
    let restore: () => void;
    beforeEach(async () => {
      taken = [];
      server = createServer(async (request, response) => {
        let text = "";
        for await (const chunk of request.setEncoding("utf8")) text += chunk;
        taken.push(JSON.parse(text));
        response.end("ok");
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      restore = setEnvironment({ GRAY_WEBHOOK: `http://127.0.0.1:${port}/secret` });
    });
    afterEach(() => {
      restore();
      server.close();
    });

    it("sends a notification before the command ends, and removes the URL from the environment", async () => {
      open(waitingRollout(b, a));
      await run(resumeCommand());
      assert.deepEqual(
        taken.map(({ kind, reason }) => [kind, reason]),
        [
          [
            "hold",
            `dark needs a person's approval; approve it with gray approve ${b} --reason "…" -n dora-apps --service web or roll back with gray abort --reason "…" -n dora-apps --service web`,
          ],
        ],
      );
      assert.equal(process.env.GRAY_WEBHOOK, undefined);
    });
  });

  it("is refused if the webhook is no URL, and changes nothing", async () => {
    open(waitingRollout(b, a));
    const restore = setEnvironment({ GRAY_WEBHOOK: "T000-B000" });
    const before = record();
    try {
      await assert.rejects(run(abortCommand(), ...reason), /^UserError: GRAY_WEBHOOK must hold a URL .* is not shown/);
    } finally {
      restore();
    }
    assert.deepEqual(record(), before);
  });

  it("is refused if the metrics port is taken, and changes nothing", async () => {
    open(waitingRollout(b, a));
    const before = record();
    const { port } = new URL(world.api.url);
    await assert.rejects(run(abortCommand(), ...reason, "--metrics-port", port), /^UserError: Port \d+ .*EADDRINUSE/);
    assert.deepEqual(record(), before);
  });
});

const leasePath = "/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout";
