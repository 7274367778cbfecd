import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { rolloutCommand } from "../../../cli/commands/rollout.ts";
import { UserError } from "../../../components/user-error.ts";
import { until } from "../../../harness/kubectl.ts";
import type { Rollout } from "../../../rollout/rollout.ts";
import { setEnvironment } from "../../fake/environment.ts";
import type { Shell } from "../../fake/gray.ts";
import { openRollout, waitingRollout } from "../../fake/open-rollout.ts";
import { withoutSleep } from "../../fake/sleep.ts";
import { becomeWorker } from "../../fake/worker.ts";
import { verdict, type World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

const c = "cccccccccccc";

describe("gray rollout", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  const was = process.exitCode;
  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
    wants(c);
  });
  afterEach(() => {
    process.exitCode = was;
    return end();
  });

  /** Lets the program describe a release whose plan needs approval at once; `same` if it is already in the state. */
  const wants = (release: string | undefined, warnings: string[] = [], op = "update") =>
    shell.previews({
      canary: {
        steps: release === undefined ? [] : [component(release, op)],
        diagnostics: warnings.map((message) => ({ severity: "warning", message })),
      },
      prod: {},
    });
  const component = (id: string, op: string) => ({
    op,
    urn: "urn:pulumi:canary::gray-release::gray-release:index:CanaryService::web",
    newState: {
      type: "gray-release:index:CanaryService",
      inputs: {
        plan: { steps: [{ stage: "dark", approval: true }, { stage: "full" }] },
        releases: { canary: { id } },
      },
    },
  });
  const open = (more: Partial<Rollout> = {}) => world.writeRecord({ open: openRollout(b, a, more) }, "web");
  const record = () => JSON.parse(world.api.objects.get(world.recordPath("web"))?.data.record ?? "null");
  const rollout = async (...args: string[]) => {
    process.exitCode = undefined;
    const output = await shell.run(rolloutCommand(), ...args);
    return { output, code: process.exitCode };
  };
  /** Refused without a write. Asking who the user is is a POST too. */
  const refused = async (sentence: string | RegExp, ...args: string[]) => {
    const from = world.api.requests.length;
    await assert.rejects(rollout(...args), typeof sentence === "string" ? new UserError(sentence) : sentence);
    const written = world.api.requests.slice(from).filter(({ method }) => method !== "GET");
    assert.deepEqual(
      written.map(({ path }) => path).filter((path) => !path.endsWith("selfsubjectreviews")),
      [],
    );
  };

  it("refuses a worker without a pair of counters, which alone show how its release does", async () => {
    becomeWorker(world);
    await refused(
      "web is a worker and answers no requests, so its own counters must show whether a release is healthy: name them with --pair, as in --pair failed=jobs_failed_total/jobs_total.",
    );
    const { code } = await rollout("--pair", "failed=jobs_failed_total/jobs_total");
    assert.equal(code, 4);
    assert.equal(record().open.release, c);
  });

  it("opens a rollout in the record, writes an Event, and drives", async () => {
    const { output, code } = await rollout("--json");
    assert.equal(code, 4);
    const { open: now } = record();
    assert.deepEqual([now.release, now.from, now.by, now.weight, now.step], [c, a, "alice", 0, 0]);
    assert.match(
      output,
      new RegExp(
        String.raw`"kind":"hold","reason":"dark: holding: dark needs a person's approval; approve it with gray approve ${c} --reason \\"…\\" -n dora-apps --service web or roll back with gray abort --reason \\"…\\" -n dora-apps --service web"`,
      ),
    );
    const [begun] = [...world.api.objects.values()].filter(({ reason }) => reason === "RolloutBegun");
    assert.equal(begun?.message, `alice rolls out release ${c} over ${a}`);
  });

  it("lets canary's own rates decide while stable is broken, if the option is given", async () => {
    await rollout("--stable-is-broken");
    const { by, reason } = record().open.stableIsBroken;
    assert.deepEqual([by, reason], ["alice", "--stable-is-broken"]);
  });

  it("stops driving when its terminal closes, and leaves the traffic and the rollout as they are", async () => {
    const { log } = console;
    const driving = rollout("--stay");
    const collect = console.log;
    console.log = (line: string) => {
      collect(line);
      // As the kernel and the shell do.
      if (line.includes("holding")) for (const _ of [1, 2]) assert.ok(process.emit("SIGHUP"));
    };
    try {
      assert.equal((await driving).code, 4);
    } finally {
      console.log = log;
    }
    const { open: now } = record();
    assert.deepEqual([now.release, now.weight, now.step], [c, 0, 0]);
    const lease = world.api.objects.get("/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout");
    assert.equal(lease?.spec.holderIdentity ?? "", "");
  });

  it("keeps driving when its reader is gone, until its terminal closes", async () => {
    const checkout = join(import.meta.dirname, "../../..");
    const driver = spawn(process.execPath, [join(checkout, "cli/gray.ts"), "rollout", "--stay"], {
      cwd: checkout,
      env: {
        ...process.env,
        KUBECONFIG: join(shell.folder, "kubeconfig"),
        PATH: [shell.folder, process.env.PATH].join(delimiter),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise((end) => driver.once("exit", (code, signal) => end(code ?? signal)));
    for (const stream of [driver.stdout, driver.stderr]) stream.once("data", () => stream.destroy());
    await until("it drives", async () => record()?.open?.release === c);
    // A change that it prints while it has no reader.
    const pause = { by: "bob", reason: "lunch", at: new Date().toISOString() };
    for (const paused of [pause, undefined]) {
      world.writeRecord({ ...record(), open: { ...record().open, paused } }, "web");
      const from = world.api.requests.length;
      const reads = () => world.api.requests.slice(from).filter(({ path }) => path === world.recordPath("web")).length;
      await until("it has read the record again", async () => reads() > 1);
    }
    driver.kill("SIGHUP");
    assert.equal(await ended, 4);
    assert.equal(record().open.release, c);
  }).timeout(30_000);

  it("starts even if TMPDIR is no folder", async () => {
    const restore = setEnvironment({ TMPDIR: "/no/such/folder" });
    try {
      assert.equal((await rollout("--policy-pack", "policies")).code, 4);
    } finally {
      restore();
    }
  });

  it("hides the webhook from child processes", async () => {
    process.env.GRAY_WEBHOOK = "http://127.0.0.1:1/secret";
    await rollout();
    assert.ok(shell.asked.length > 0);
    assert.deepEqual(
      shell.asked.filter((asked) => !asked.includes("webhook=none")),
      [],
    );
  });

  it("is refused while a rollout is open, before a preview", async () => {
    open();
    await refused(
      `A rollout of ${b} of web is open: continue it with gray resume -n dora-apps --service web, roll it back with gray abort --reason "…" -n dora-apps --service web, or replace it with gray rollout --supersede -n dora-apps --service web.`,
    );
    assert.deepEqual(shell.previewed, []);
  });

  it("is refused for a release that was judged bad", async () => {
    world.writeRecord({ verdicts: { [c]: verdict("bad", "evidence", "5xx") } }, "web");
    await refused(
      `Release ${c} of web was judged bad (evidence: 5xx): release another version, or overrule the verdict with gray approve ${c} --reason "…" -n dora-apps --service web.`,
    );
  });

  it("is refused if the program has no new release", async () => {
    wants(b, [], "same");
    await refused(
      `The program has no new release of web, whose canary runs ${b}: change the image or a config file, then run gray rollout.`,
    );
  });

  it("is refused if the new release was rolled back, with the warning of the program", async () => {
    const undone = `web: release ${c} was rolled back, so canary runs ${b} and not ${c}: describe another one.`;
    wants(b, [undone], "same");
    await refused(undone);
    world.deployment("web-canary").status.availableReplicas = 0;
    await refused(undone);
  });

  it("releases what a failed up of canary has put into the state only", async () => {
    wants(c, [], "same");
    assert.equal((await rollout()).code, 4);
    assert.equal(record().open.release, c);
  });

  it("releases a version for which a failed up has not started all pods", async () => {
    wants(b, [], "same");
    world.deployment("web-canary").status.availableReplicas = 0;
    assert.equal((await rollout()).code, 4);
    assert.equal(record().open.release, b);
  });

  it("is refused if the program does not describe the service", async () => {
    wants(undefined);
    await refused(/^UserError: The program of stack \S*canary describes no service web: /);
  });

  it("is refused if stable already runs the newest release", async () => {
    wants(a);
    await refused(/^UserError: Stable of web already runs release \w+, the newest that the program describes/);
  });

  it("is refused if there is no stable Deployment", async () => {
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
    await refused(
      "web has no stable Deployment that runs a release, so there is nothing to roll back to: run pulumi up of each stack once.",
    );
  });

  it("is refused before the first promotion of an adopted service, before a preview", async () => {
    const sentence =
      "web was adopted, and a rollout is possible only after its first promotion, because canary cannot be dark before: judge the release with gray verify or gray approve, then promote it with gray adopt web -n dora-apps.";
    world.writeRecord({ adopted: { release: a, front: { app: "web" } } }, "web");
    await refused(sentence);
    world.api.objects.delete(world.recordPath("web"));
    world.deployment("web").metadata.annotations = {
      "gray-release/adopted": a,
      "gray-release/stack": "o/gray-release/prod",
    };
    await refused(sentence);
    assert.deepEqual(shell.previewed, []);
  });

  it("is refused if the record is corrupt", async () => {
    world.writeRecordText("{", "web");
    await refused(/^UserError: The record web-rollout .* cannot be read/);
  });

  it("is refused with the error of the program if the preview of canary fails", async () => {
    const message = 'error: web: plan.steps must end with { "stage": "full" }.';
    shell.previews({ canary: { diagnostics: [{ severity: "error", message }] } }, 1);
    await refused(/^UserError: pulumi preview --stack \S*canary failed: web: plan.steps must end with/);
  });

  it("is refused if the preview cannot know the id that up gives the release", async () => {
    for (const cause of [
      "pulumi up makes the key of the versioned Secrets, so it gives the release",
      "secrets.db.data is not known before pulumi up, so up may give the release",
    ]) {
      wants(c, [`web: ${cause} another id than this preview shows.`]);
      await refused(
        new RegExp(
          `^UserError: web: ${cause} another id than this preview shows: run pulumi up of stack \\S*canary once with "release": "current" in the program, which leaves canary as it is, then run gray rollout without it\\.$`,
        ),
      );
    }
    wants(c, ["api: pulumi up makes the key, so it gives the release another id than this preview shows."]);
    assert.equal((await rollout()).code, 4);
  });

  it("is refused if a preview violates the policies, where stable is previewed with the release of canary", async () => {
    shell.violation("prod", "images come from reg.example.com");
    await refused(
      "Stack prod violates the policy team-registry: images come from reg.example.com",
      "--policy-pack",
      "policies",
    );
    assert.deepEqual(shell.previewed, [
      "preview --json canary webhook=none rendered=",
      "preview --json canary webhook=none rendered=file",
      "preview --json prod webhook=none rendered=file",
    ]);
  });

  it("starts if the policies pass", async () => {
    assert.equal((await rollout("--policy-pack", "policies")).code, 4);
  });

  describe("--supersede", () => {
    it("ends the open rollout, and starts from dark with a higher epoch", async () => {
      open({ epoch: 3, step: 1, weight: 10, runs: { canary: b, stable: a } });
      const { code } = await rollout("--supersede");
      assert.equal(code, 4);
      const { open: now, ended } = record();
      assert.deepEqual([now.release, now.step, now.weight, now.stepStartedAt], [c, 0, 0, undefined]);
      assert.ok(now.epoch > 3);
      assert.deepEqual(
        [ended[0].release, ended[0].outcome, ended[0].reason],
        [b, "superseded", `alice started the rollout of ${c}`],
      );
    });

    it("writes the record first, and then waits for the former driver to stop", async () => {
      open();
      const leasePath = "/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout";
      const sleepAgain = withoutSleep();
      let reads = 0;
      world.api.intercept = ({ method, path }) => {
        if (method !== "GET" || path !== leasePath) return undefined;
        if (++reads > 2) return void sleepAgain();
        assert.equal(record().open.release, c);
        const spec = { holderIdentity: "somebody's own tool" };
        return { status: 200, body: { metadata: { resourceVersion: String(reads) }, spec } };
      };
      assert.equal((await rollout("--supersede").finally(sleepAgain)).code, 4);
      assert.ok(reads > 2);
    });

    it("starts an ordinary rollout if none is open", async () => {
      assert.equal((await rollout("--supersede")).code, 4);
      assert.equal(record().ended, undefined);
    });

    it("is refused once the open rollout has reached stable, or is rolling back", async () => {
      open({ step: 2, runs: { canary: b, stable: b } });
      await refused(
        /The rollout of \w+ of web has already reached stable: wait until it has ended \(gray watch\), or roll it back with gray abort --reason "…" -n dora-apps --service web\.$/,
        "--supersede",
      );
      open({ rollbackRequested: { by: "evidence", reason: "5xx", at: "2026-01-01T00:01:00.000Z" } });
      await refused(
        /The rollout of \w+ of web is already rolling back: wait until it has ended \(gray watch\), or continue it with gray resume -n dora-apps --service web if no process drives it\.$/,
        "--supersede",
      );
    });

    it("is refused for the release of the open rollout", async () => {
      world.writeRecord({ open: waitingRollout(c, a) }, "web");
      await refused(
        `A rollout of ${c} of web is already open: continue it with gray resume -n dora-apps --service web.`,
        "--supersede",
      );
    });
  });
});
