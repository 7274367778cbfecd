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

  /** Has the program describe a release, whose plan waits for a person at once; `same` where the state holds these words already. */
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
    const said = await shell.run(rolloutCommand(), ...args);
    return { said, code: process.exitCode };
  };
  /** Nothing is written; who asks is a question that is a POST. */
  const refused = async (sentence: string | RegExp, ...args: string[]) => {
    const from = world.api.requests.length;
    await assert.rejects(rollout(...args), typeof sentence === "string" ? new UserError(sentence) : sentence);
    const written = world.api.requests.slice(from).filter(({ method }) => method !== "GET");
    assert.deepEqual(
      written.map(({ path }) => path).filter((path) => !path.endsWith("selfsubjectreviews")),
      [],
    );
  };

  it("begins with a record of what the program wants, tells it, and drives", async () => {
    const { said, code } = await rollout("--json");
    assert.equal(code, 4);
    const { open: now } = record();
    assert.deepEqual([now.release, now.from, now.by, now.weight, now.step], [c, a, "alice", 0, 0]);
    assert.match(said, /"kind":"hold","reason":"dark: holding: dark needs a person's approval"/);
    const [begun] = [...world.api.objects.values()].filter(({ reason }) => reason === "RolloutBegun");
    assert.equal(begun?.message, `alice rolls out release ${c} over ${a}`);
  });

  it("stops driving when its terminal closes, and leaves the traffic and the rollout as they are", async () => {
    const { log } = console;
    const driving = rollout("--stay");
    const said = console.log;
    console.log = (line: string) => {
      said(line);
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

  it("goes on when nobody reads its output any more, until its terminal closes", async () => {
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
    // A change that it tells: nobody reads it.
    const told = { by: "bob", reason: "lunch", at: new Date().toISOString() };
    for (const paused of [told, undefined]) {
      world.writeRecord({ ...record(), open: { ...record().open, paused } }, "web");
      const from = world.api.requests.length;
      const looks = () => world.api.requests.slice(from).filter(({ path }) => path === world.recordPath("web")).length;
      await until("it has looked again", async () => looks() > 1);
    }
    driver.kill("SIGHUP");
    assert.equal(await ended, 4);
    assert.equal(record().open.release, c);
  }).timeout(30_000);

  it("begins where TMPDIR names no folder", async () => {
    const restore = setEnvironment({ TMPDIR: "/no/such/folder" });
    try {
      assert.equal((await rollout("--policy-pack", "policies")).code, 4);
    } finally {
      restore();
    }
  });

  it("lets no child process see the webhook", async () => {
    process.env.GRAY_WEBHOOK = "http://127.0.0.1:1/secret";
    await rollout();
    assert.ok(shell.asked.length > 0);
    assert.deepEqual(
      shell.asked.filter((asked) => !asked.includes("webhook=none")),
      [],
    );
  });

  it("is refused while one is open, before Pulumi previews anything", async () => {
    open();
    await refused(
      `A rollout of ${b} of web is open: gray resume goes on with it, gray abort takes it back, gray rollout --supersede begins anew.`,
    );
    assert.deepEqual(shell.previewed, []);
  });

  it("is refused for a release that was judged bad", async () => {
    world.writeRecord({ verdicts: { [c]: verdict("bad", "evidence", "5xx") } }, "web");
    await refused(`Release ${c} of web was judged bad (evidence: 5xx): change it, or overrule that with gray approve.`);
  });

  it("is refused where the program has nothing new", async () => {
    wants(b, [], "same");
    await refused(
      `The program has nothing new for web, whose canary runs ${b}: change the image or a config file, then run gray rollout.`,
    );
  });

  it("says that what would be new was undone", async () => {
    const undone = `web: release ${c} was undone, so canary runs ${b} and not ${c}: describe another one.`;
    wants(b, [undone], "same");
    await refused(undone);
    world.deployment("web-canary").status.availableReplicas = 0;
    await refused(undone);
  });

  it("goes on with what an up of canary that failed has put into the state alone", async () => {
    wants(c, [], "same");
    assert.equal((await rollout()).code, 4);
    assert.equal(record().open.release, c);
  });

  it("goes on with a release whose pods an up that failed has not all brought", async () => {
    wants(b, [], "same");
    world.deployment("web-canary").status.availableReplicas = 0;
    assert.equal((await rollout()).code, 4);
    assert.equal(record().open.release, b);
  });

  it("is refused where the program describes no such service", async () => {
    wants(undefined);
    await refused(/^Refusal: The program of stack \S*canary describes no service web: /);
  });

  it("is refused where stable runs the newest already", async () => {
    wants(a);
    await refused(/^Refusal: Stable of web runs release \w+ already, which is the newest that the program describes/);
  });

  it("is refused where stable is not there", async () => {
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
    await refused(
      "web has no stable Deployment that runs a release, so there is nothing to go back to: run pulumi up of both stacks once.",
    );
  });

  it("is refused until the first promotion of what was adopted, before Pulumi previews anything", async () => {
    const sentence =
      "web was adopted, and until its first promotion canary cannot be dark, which is how a rollout begins: judge the release with gray verify or gray approve, then promote it with gray adopt web -n dora-apps.";
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

  it("is refused where the record is corrupt", async () => {
    world.writeRecordText("{", "web");
    await refused(/^Refusal: The record web-rollout .* cannot be read/);
  });

  it("is refused with the program's own sentence where canary's preview fails", async () => {
    const message = 'error: web: plan.steps must end with { "stage": "full" }.';
    shell.previews({ canary: { diagnostics: [{ severity: "error", message }] } }, 1);
    await refused(/^Refusal: pulumi preview --stack \S*canary says: web: plan.steps must end with/);
  });

  it("is refused where the preview of a stack does not pass the policies, with the release that canary would run", async () => {
    shell.violation("prod", "images come from reg.example.com");
    await refused(
      "Stack prod violates the policy house-registry: images come from reg.example.com",
      "--policy-pack",
      "policies",
    );
    assert.deepEqual(shell.previewed, [
      "preview --json canary webhook=none rendered=",
      "preview --json canary webhook=none rendered=file",
      "preview --json prod webhook=none rendered=file",
    ]);
  });

  it("begins where the policies pass", async () => {
    assert.equal((await rollout("--policy-pack", "policies")).code, 4);
  });

  describe("--supersede", () => {
    it("ends the one that is open, and begins from dark under a higher epoch", async () => {
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

    it("waits for the former driver to stop, which hears of it first", async () => {
      open();
      const leasePath = "/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout";
      const sleepAgain = withoutSleep();
      let looks = 0;
      world.api.intercept = ({ method, path }) => {
        if (method !== "GET" || path !== leasePath) return undefined;
        if (++looks > 2) return void sleepAgain();
        assert.equal(record().open.release, c);
        const spec = { holderIdentity: "somebody's own tool" };
        return { status: 200, body: { metadata: { resourceVersion: String(looks) }, spec } };
      };
      assert.equal((await rollout("--supersede").finally(sleepAgain)).code, 4);
      assert.ok(looks > 2);
    });

    it("is as any rollout where none is open", async () => {
      assert.equal((await rollout("--supersede")).code, 4);
      assert.equal(record().ended, undefined);
    });

    it("is refused once the former has come to stable, or goes back", async () => {
      open({ step: 2, runs: { canary: b, stable: b } });
      await refused(/The rollout of \w+ of web has come to stable already: let gray abort bring it/, "--supersede");
      open({ rollbackRequested: { by: "evidence", reason: "5xx", at: "2026-01-01T00:01:00.000Z" } });
      await refused(/The rollout of \w+ of web goes back already: let gray resume bring it/, "--supersede");
    });

    it("is refused for the very release that is rolled out", async () => {
      world.writeRecord({ open: waitingRollout(c, a) }, "web");
      await refused(`A rollout of ${c} of web is open already: gray resume goes on with it.`, "--supersede");
    });
  });
});
