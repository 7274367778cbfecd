import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Command } from "commander";
import { abortCommand } from "../../cli/commands/abort.ts";
import { approveCommand } from "../../cli/commands/approve.ts";
import { pauseCommand } from "../../cli/commands/pause.ts";
import { promoteCommand } from "../../cli/commands/promote.ts";
import { resumeCommand } from "../../cli/commands/resume.ts";
import { fullStep } from "../../components/step.ts";
import { UserError } from "../../components/user-error.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { drivenElsewhere } from "../fake/driven-elsewhere.ts";
import { setEnvironment } from "../fake/environment.ts";
import type { Shell } from "../fake/gray.ts";
import { openRollout, waitingRollout } from "../fake/open-rollout.ts";
import { passingTime, withoutSleep } from "../fake/sleep.ts";
import type { World } from "../fake/world.ts";
import { trial } from "./trial.ts";

const reason = ["--reason", "lunch"];
const verbs: [name: string, verb: () => Command, ...args: string[]][] = [
  ["pause", pauseCommand, ...reason],
  ["resume", resumeCommand],
  ["abort", abortCommand, ...reason],
  ["promote", promoteCommand, ...reason],
];

describe("a person's word on a rollout", () => {
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
  const record = () => JSON.parse(world.api.objects.get(world.recordPath("web"))?.data.record ?? "null");
  const written = () => world.api.requests.filter(({ method }) => method !== "GET").map(({ path }) => path);
  const events = () =>
    [...world.api.objects.values()]
      .filter(({ kind, reason }) => kind === "Event" && reason.startsWith("Rollout"))
      .map(({ reason, involvedObject, message }) => `${reason} ${involvedObject.name}: ${message}`);
  const run = async (verb: Command, ...args: string[]) => {
    process.exitCode = undefined;
    const said = await shell.run(verb, ...args);
    return { said, code: process.exitCode };
  };

  for (const [name, verb, ...args] of verbs) {
    it(`is refused to gray ${name} where none is open, and nothing is changed`, async () => {
      world.writeRecord({ stableHistory: [a] }, "web");
      const from = written().length;
      await assert.rejects(
        run(verb(), ...args),
        new UserError("No rollout of web is open: gray rollout begins one, gray history lists those that ended."),
      );
      assert.deepEqual(
        written()
          .slice(from)
          .filter((path) => !path.endsWith("selfsubjectreviews")),
        [],
      );
    });

    it(`is refused to gray ${name} where the rollout is another version's, and nothing is changed`, async () => {
      world.writeRecord({ open: { ...openRollout(b, a), steps: [{ stage: "shadow" }] } as never }, "web");
      const from = written().length;
      await assert.rejects(
        run(verb(), ...args),
        new RegExp(
          `^Refusal: The rollout of ${b} of web was started by a version .* does not understand .*: continue with that`,
        ),
      );
      assert.ok(
        !written()
          .slice(from)
          .some((path) => /configmaps|leases|events/.test(path)),
      );
    });

    it(`is refused to gray ${name} where the record is corrupt, and nothing is changed`, async () => {
      world.writeRecordText("{", "web");
      const from = written().length;
      await assert.rejects(
        run(verb(), ...args),
        /^Refusal: The record web-rollout .* cannot be read \(.*\): restore it/,
      );
      assert.ok(
        !written()
          .slice(from)
          .some((path) => /configmaps|leases|events/.test(path)),
      );
    });
  }

  it("is an Event on both Deployments, with who and why", async () => {
    open(openRollout(b, a));
    const { said } = await run(pauseCommand(), ...reason);
    assert.match(
      said,
      /gray abort goes back\. Until then a bad release goes back only while a driver lives: one without/,
    );
    const told = `alice paused the rollout of ${b}: lunch`;
    assert.deepEqual(events().sort(), [`RolloutPaused web-canary: ${told}`, `RolloutPaused web: ${told}`]);
    assert.equal(record().open.paused.reason, "lunch");
  });

  it("is left to whoever drives it, and says that gray watch shows how", async () => {
    open(openRollout(b, a));
    drivenElsewhere(world);
    const sleepAgain = withoutSleep();
    const { said, code } = await run(abortCommand(), ...reason).finally(sleepAgain);
    assert.equal(code, undefined);
    assert.match(
      said,
      /^Process \d+ on elsewhere drives the rollout of web and goes by your word: gray watch shows how\.$/,
    );
    assert.deepEqual(record().open.rollbackRequested.by, "alice");
  });

  it("is heard from another folder too where somebody alive drives it, and refused there where nobody does", async () => {
    open(openRollout(b, a));
    const folder = process.cwd();
    process.chdir(shell.folder);
    try {
      await assert.rejects(
        run(abortCommand(), ...reason),
        /^Refusal: Users are off canary and the record says that the rollout rolls back, but no driver is alive to finish it: The stacks of web are run in the folder of the Pulumi project gray-release: run gray abort beside its Pulumi\.yaml\.$/,
      );
      assert.equal(record().open.rollbackRequested.by, "alice");
      open(openRollout(b, a));
      drivenElsewhere(world);
      const sleepAgain = withoutSleep();
      await run(abortCommand(), ...reason).finally(sleepAgain);
      assert.equal(record().open.rollbackRequested.by, "alice");
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

    it("is heard where a driver is alive, however wrong its clock is", async () => {
      for (const skew of [-60_000, -20_000, 60_000]) {
        for (const [verb, ...args] of [[abortCommand(), ...reason], [resumeCommand()]] as const) {
          drivenElsewhere(world, { skew });
          await run(verb, ...args);
        }
        assert.equal(record().open.rollbackRequested.by, "alice");
        open(openRollout(b, a));
      }
    });

    it("is refused where the driver is dead, however fresh the time is that it wrote, and changes nothing", async () => {
      drivenElsewhere(world, { skew: 60_000, dies: true });
      await assert.rejects(run(promoteCommand(), ...reason), /^Refusal: The stacks of web are run in the folder of/);
      assert.equal(record().verdicts[b], undefined);
    });

    it("is written at once as an abort, because a driver that may be alive must not wait for it", async () => {
      drivenElsewhere(world, { dies: true });
      await assert.rejects(
        run(abortCommand(), ...reason),
        /^Refusal: Users are off canary and the record says .*: The stacks of web are run in/,
      );
      assert.equal(record().open.rollbackRequested.by, "alice");
      const { requests } = world.api;
      const word = requests.findIndex(({ method, path }) => method === "PUT" && path.endsWith("/web-rollout"));
      const looks = requests.slice(0, word).filter(({ path }) => path.endsWith("/leases/web-rollout"));
      assert.ok(looks.length < 10, `${looks.length} looks at the lease before the word`);
    });
  });

  describe("as an abort, takes users off canary at once", () => {
    const service = "/api/v1/namespaces/dora-apps/services/web";
    const selector = () => world.api.objects.get(service)?.spec.selector;
    let timeAgain: () => void;
    beforeEach(() => {
      timeAgain = passingTime();
      open(openRollout(b, a));
      world.api.put(service, { metadata: { name: "web" }, spec: { selector: { app: "web" } } });
      world.api.put("/api/v1/namespaces/dora-apps/pods/web-1", {
        metadata: { name: "web-1", labels: { app: "web", track: "stable" } },
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
      });
    });
    afterEach(() => timeAgain());

    it("whoever drives, and whether that is alive", async () => {
      drivenElsewhere(world);
      await run(abortCommand(), ...reason);
      assert.deepEqual(selector(), { app: "web", track: "stable" });
    });

    it("however often the API server fails", async () => {
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

  it("takes the rollout over although the API server has a bad moment", async () => {
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

  it("cannot promote what goes back", async () => {
    const rollbackRequested = { by: "evidence", reason: "5xx", at: "2026-01-01T00:01:00.000Z" };
    open(openRollout(b, a, { rollbackRequested }));
    await assert.rejects(run(promoteCommand(), ...reason), /goes back already \(evidence: 5xx\): wait until it has/);
    assert.equal(record().verdicts[b], undefined);
  });

  it("goes on where nobody drives it, holds again where a step still asks for approval, and ends with 4", async () => {
    open(waitingRollout(b, a));
    const { said, code } = await run(resumeCommand());
    assert.equal(code, 4);
    assert.match(said, /held, and the traffic stays as it is: dark needs a person's approval; gray resume goes on/);
    assert.deepEqual(
      events().filter((event) => event.includes(" web:")),
      [
        `RolloutResumed web: alice goes on with the rollout of ${b}`,
        `RolloutHeld web: release ${b} holds at dark: dark needs a person's approval`,
      ],
    );
    assert.deepEqual(world.api.objects.get(leasePath)?.spec.holderIdentity, undefined);
  });

  it("lets a step go on that asks for approval, also before any pod runs the release", async () => {
    open(waitingRollout("0123456789ab", a));
    const { said } = await run(approveCommand(), "0123456789ab", "--reason", "the change was reviewed");
    assert.match(
      said,
      /web in dora-apps: step 1 of 2, dark, is approved by alice\. Next: gray resume, unless the rollout's driver/,
    );
    await run(approveCommand(), "0123456789ab", "--reason", "so do I");
    const { open: now, verdicts } = record();
    assert.deepEqual([now.approved.by, verdicts["0123456789ab"]], ["alice", undefined], "nobody judged the release");
  });

  it("judges the release good where the step that asks is the one on stable", async () => {
    open(openRollout(b, a, { steps: [fullStep({ stage: "full", approval: true }, [])] }));
    const { said } = await run(approveCommand(), b, "--reason", "the change was reviewed");
    assert.match(said, /is judged good by alice\. Next: gray resume, unless the rollout's driver waits for it$/);
    const { open: now, verdicts } = record();
    assert.deepEqual([now.approved.by, verdicts[b].verdict], ["alice", "good"]);
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

    it("is a notice before the verb ends, and the URL is out of the environment by then", async () => {
      open(waitingRollout(b, a));
      await run(resumeCommand());
      assert.deepEqual(
        taken.map(({ kind, reason }) => [kind, reason]),
        [["hold", "dark needs a person's approval"]],
      );
      assert.equal(process.env.GRAY_WEBHOOK, undefined);
    });
  });

  it("is refused with a webhook that is none, and nothing is changed", async () => {
    open(waitingRollout(b, a));
    const restore = setEnvironment({ GRAY_WEBHOOK: "T000-B000" });
    const before = record();
    try {
      await assert.rejects(run(abortCommand(), ...reason), /^Refusal: GRAY_WEBHOOK must hold a URL .* is not shown/);
    } finally {
      restore();
    }
    assert.deepEqual(record(), before);
  });

  it("is refused with a port for metrics that is taken, and nothing is changed", async () => {
    open(waitingRollout(b, a));
    const before = record();
    const { port } = new URL(world.api.url);
    await assert.rejects(run(abortCommand(), ...reason, "--metrics-port", port), /^Refusal: Port \d+ .*EADDRINUSE/);
    assert.deepEqual(record(), before);
  });
});

const leasePath = "/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout";
