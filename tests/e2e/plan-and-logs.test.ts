import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { type Load, startLoad } from "../../sandbox/load.ts";

const namespace = "plan-and-logs";

describe("looking before and while a release goes out", () => {
  let project: Project;
  let load: Load;

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, replicas: 3, minReadySeconds: 1 });
    project.configure("canary", { weight: 25 });
    await project.mustUp("canary");
    await project.mustUp("prod");
    const { spec } = await get(namespace, "service", "fop-gate");
    load = await startLoad({ url: `http://${spec.clusterIP}/`, rate: 40, duration: "5m", keepalive: false });
  });
  after(async () => {
    await load?.stop();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  const plan = (...args: string[]) => project.gray("plan", "-n", namespace, "--for", "5s", ...args);
  const podsOf = async (track: string): Promise<string[]> =>
    (await get(namespace, "pods", "-l", `app=fop-gate,track=${track}`)).items.map(
      ({ metadata }: { metadata: { name: string } }) => metadata.name,
    );

  it("plans that nothing changes, and how long a decision takes with the traffic of now", async () => {
    const { code, output, stdout } = await plan();
    assert.equal(code, 0, output);
    const [, rate] =
      /^fop-gate answers (\d+) requests\/s; stable answers 0 % of its requests with 5xx \(4 of 4 pods/.exec(stdout) ??
      [];
    assert.ok(Math.abs(Number(rate) - 40) <= 4, stdout);
    assert.match(stdout, /\n25 \(in force\) +25 % +(9\.\d|1[01]) +/);
    assert.match(
      stdout,
      /\ncanary: nothing changes, [1-9]\d* unchanged\.\nprod: nothing changes, [1-9]\d* unchanged\./,
    );
  });

  it("plans the next release: canary's Deployment with what changes in it, and no value", async () => {
    project.share({ image: RELEASE_IMAGES.B });
    const { code, output, stdout } = await plan();
    assert.equal(code, 0, output);
    assert.match(
      stdout,
      /\ncanary +update +Deployment +fop-gate-canary +.*spec\.template\.spec\.containers\[0\]\.image/,
    );
    assert.ok(!stdout.includes(RELEASE_IMAGES.B));
    assert.match(stdout, /\n25 \(in force\) /);
  });

  it("plans for machines", async () => {
    const { code, stdout } = await plan("--json");
    assert.equal(code, 0);
    const { forecasts, stacks } = JSON.parse(stdout);
    assert.equal(forecasts.find(({ inForce }: { inForce: boolean }) => inForce).forecast.share, 0.25);
    assert.deepEqual(
      stacks.map(({ changes }: { changes: { name: string }[] }) =>
        changes.map(({ name }) => name.replace(/-[0-9a-f]{12}$/, "")),
      ),
      // Prod is previewed with the release that canary would run.
      [["fop-gate-canary", "fop-gate-release"], ["fop-gate"]],
    );
  });

  it("is refused with the program's own sentence where up would be", async () => {
    project.configure("canary", { weight: 1 });
    const { code, output } = await plan();
    assert.equal(code, 1, output);
    assert.match(
      output,
      /\ngray: pulumi preview --stack canary failed: fop-gate: weight is 1, but 1 canary pod beside 3 stable pods gets 25 %/,
    );
    project.configure("canary", { weight: 25 });
  });

  describe("gray logs", () => {
    let logs: ChildProcess;
    let stdout = "";
    const lines = () =>
      stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { track: string; pod: string; at: string; text: string });
    const follow = (...args: string[]) => {
      stdout = "";
      const gray = join(import.meta.dirname, "../../cli/gray.ts");
      logs = spawn(process.execPath, [gray, "logs", "-n", namespace, ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      logs.stdout?.setEncoding("utf8").on("data", (chunk) => {
        stdout += chunk;
      });
    };
    const interrupt = async () => {
      logs.kill("SIGINT");
      const [code] = await once(logs, "close");
      return code;
    };
    afterEach(() => logs.kill());

    it("follows the sidecars of both tracks as requests come in, and ends with code 0", async () => {
      follow("--container", "log-agent", "--json");
      const [stable, canary] = [await podsOf("stable"), await podsOf("canary")];
      await until("lines of every pod", async () => {
        const heard = new Set(lines().map(({ pod }) => pod));
        return [...stable, ...canary].every((pod) => heard.has(pod));
      });
      const before = lines().length;
      await until("more lines", async () => lines().length > before + 50);
      assert.equal(await interrupt(), 0);
      const all = lines();
      assert.deepEqual([...new Set(all.map(({ track }) => track))].sort(), ["canary", "stable"]);
      assert.equal(new Set(all.map(({ pod, at, text }) => `${pod} ${at} ${text}`)).size, all.length);
    });

    it("picks up the pod of the next release from its first line", async () => {
      const [old] = await podsOf("canary");
      follow("--container", "log-agent", "--track", "canary", "--json");
      await until("the old pod's lines", async () => lines().some(({ pod }) => pod === old));
      await project.mustUp("canary");
      const fresh = await until("the new pod", async () => (await podsOf("canary")).find((pod) => pod !== old));
      await until("the new pod's first line", async () =>
        lines().some(({ pod, text }) => pod === fresh && text.includes("started: version 20190304101112-7-master")),
      );
      assert.ok(lines().every(({ track }) => track === "canary"));
      assert.equal(await interrupt(), 0);
    });

    it("says which containers there are where the named one is none", async () => {
      const { code, output } = await project.gray("logs", "-n", namespace, "--container", "nix");
      assert.equal(code, 1);
      assert.match(output, /gray: The pods of fop-gate have no container nix: choose one of fop-gate, log-agent\./);
    });
  });
});
