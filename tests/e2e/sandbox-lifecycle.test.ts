import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CommandResult, run } from "../../harness/command.ts";
import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { hierarchies, members } from "../../sandbox/cgroup.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { mountPoints, mountsBelow, readMounts } from "../../sandbox/mounts.ts";
import { CGROUP, HOST_INTERFACE, networkNamespacePath, places } from "../../sandbox/places.ts";
import { identify, lives } from "../../sandbox/process.ts";
import type { SandboxStatus } from "../../sandbox/status.ts";

const checkout = join(import.meta.dirname, "../..");
const namespace = "sandbox-lifecycle";

function sandbox(verb: string, ...args: string[]): Promise<CommandResult> {
  return sandboxOf(checkout, verb, ...args);
}

function sandboxOf(folder: string, verb: string, ...args: string[]): Promise<CommandResult> {
  return run(process.execPath, [join(folder, "cli/checkout.ts"), "sandbox", verb, ...args]);
}

async function must(verb: string): Promise<CommandResult> {
  const outcome = await sandbox(verb);
  assert.equal(outcome.code, 0, outcome.output);
  return outcome;
}

async function status(): Promise<SandboxStatus> {
  return JSON.parse((await sandbox("status", "--json")).stdout);
}

async function pids(): Promise<Record<string, number | null>> {
  return Object.fromEntries((await status()).components.map(({ name, pid }) => [name, pid]));
}

/** The cluster's identity, and everything in the test's namespace by the UID that etcd gave it. */
async function objects(): Promise<string[]> {
  const kinds = "deployments,replicasets,pods,services,configmaps,serviceaccounts";
  const { items } = await get(namespace, kinds);
  const cluster = await get("default", "namespace", "kube-system");
  return [cluster, ...items].map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid}`).sort();
}

describe("the sandbox", () => {
  before(async () => {
    await makeNamespace(namespace);
    await apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "marker", namespace },
      data: { said: "before" },
    });
    const labels = { app: "marker" };
    await apply({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "marker", namespace },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image: RELEASE_IMAGES.A }] } },
      },
    });
    await kubectl(["rollout", "status", "deployment/marker", "-n", namespace]);
  });
  // The tests after these need a cluster, whatever became of this one.
  after(() => must("up"));

  it("keeps every process that runs when it is brought up twice", async () => {
    const before = await pids();
    await must("up");
    assert.deepEqual(await pids(), before);
    assert.ok(Object.values(before).every((pid) => pid !== null));
  });

  it("tells a second checkout in one sentence whose sandbox runs, and stays as it is", async () => {
    const { owner, state } = await status();
    const before = await pids();
    const second = copyOfCheckout();
    try {
      const { code, output } = await sandboxOf(second, "up");
      assert.equal(code, 1);
      assert.equal(
        output,
        `gray: a sandbox that ${owner} brought up is there, in ${state}: use it as it is with \`eval "$(npm run --silent sandbox env)"\`, or end it with \`npm run sandbox -- down\`\n`,
      );
    } finally {
      rmSync(second, { recursive: true });
    }
    assert.deepEqual(await pids(), before);
    assert.equal((await status()).owner, owner);
  });

  for (const [whom, victims] of [
    ["every component", async () => Object.values(await pids()).filter((pid) => pid !== null)],
    ["every process, the pods' too,", async () => members()],
  ] as const) {
    it(`comes back after ${whom} was killed, with the same objects and a node that is Ready`, async () => {
      const before = await objects();
      const killed = (await victims()).flatMap((pid) => identify(pid) ?? []);
      assert.ok(killed.length >= 7);
      for (const { pid } of killed) process.kill(pid, "SIGKILL");
      await until("all of them are dead", async () => !killed.some(lives));
      assert.equal((await status()).ready, false);

      await must("up");
      const { ready, node } = await status();
      assert.deepEqual({ ready, node }, { ready: true, node: { ready: true } });
      assert.deepEqual(await objects(), before);
      await until("the marker is available", async () => {
        return (await get(namespace, "deployment", "marker")).status.availableReplicas === 1;
      });
    });
  }

  it("leaves nothing behind when it is taken down, and comes up anew", async () => {
    const { state, owner } = await status();
    const { run: runFolder } = places();
    const [cluster] = (await objects()).filter((object) => object.startsWith("Namespace kube-system"));
    const processes = [...Object.values(await pids()).filter((pid) => pid !== null), ...members()].flatMap(
      (pid) => identify(pid) ?? [],
    );
    assert.ok(processes.length > 7);
    for (const path of thingsOfTheSandbox(state, runFolder)) assert.ok(existsSync(path), path);

    const { output } = await must("down");
    assert.match(output, new RegExp(`took down the sandbox of ${owner}\\n$`));
    assert.deepEqual(processes.filter(lives), []);
    for (const path of thingsOfTheSandbox(state, runFolder)) assert.ok(!existsSync(path), path);
    const mounts = readMounts();
    assert.deepEqual([...mountsBelow(state, mounts), ...mountsBelow(runFolder, mounts)], []);
    assert.ok(!mountPoints(mounts).includes(networkNamespacePath()));
    assert.equal((await status()).owner, null);

    await must("up");
    assert.equal((await status()).ready, true);
    const { metadata } = await get("default", "namespace", "kube-system");
    assert.notEqual(cluster, `Namespace kube-system ${metadata.uid}`);
  });
});

/** Files and folders that are there exactly as long as the sandbox is. */
function thingsOfTheSandbox(state: string, runFolder: string): string[] {
  const groups = hierarchies().map((hierarchy) => join(hierarchy, CGROUP));
  return [state, runFolder, networkNamespacePath(), join("/sys/class/net", HOST_INTERFACE), ...groups];
}

/** What a second clone would have, with the dependencies of this one. */
function copyOfCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), "gray-second-checkout-"));
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: checkout, encoding: "utf8" });
  const isFile = (name: string) => lstatSync(join(checkout, name), { throwIfNoEntry: false })?.isFile();
  for (const file of files.split("\n").filter((name) => name !== "" && isFile(name))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(checkout, file), join(folder, file));
  }
  symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
  return folder;
}
