import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Running, start } from "../../harness/command.ts";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { up } from "../../pulumi/pulumi.ts";
import { strictProvider } from "./strict.ts";

const namespace = "killed-driver";

/** The real CLI and provider, killed with the process that runs them while they create canary's Deployment. */
describe("pulumi up whose driver is killed", () => {
  let project: Project;
  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 4, replicas: 3 });
    project.configure("canary", { weight: 25 });
    Object.assign(project.env, strictProvider().env);
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  const canary = () => ({ stack: "canary", folder: project.folder, env: project.env as Record<string, string> });
  /** A process that does an `up` and nothing else. */
  const driver = () => {
    const module = pathToFileURL(join(import.meta.dirname, "../../pulumi/pulumi.ts")).href;
    const script = `const { up } = await import(${JSON.stringify(module)}); await up(${JSON.stringify(canary())});`;
    return start(process.execPath, ["--input-type=module", "-e", script]);
  };
  const kill = async ({ pid, ended }: Running) => {
    process.kill(pid, "SIGKILL");
    await ended;
  };
  const locks = () => globSync(join(project.folder, ".state/.pulumi/locks/**/*.json"));
  const created = () =>
    until("canary's Deployment is there", () => get(namespace, "deployment", "fop-gate-canary").catch(() => false));
  const state = async () => {
    const { stdout } = await project.must(["stack", "export", "--stack", "canary"]);
    const { resources = [], pending_operations = [] } = JSON.parse(stdout).deployment;
    const ofDeployment = ({ urn }: { urn: string }) => urn.endsWith(":Deployment::fop-gate-canary");
    return { holdsIt: resources.some(ofDeployment), pending: pending_operations.length };
  };

  it("ends with it, its state saved and its lock released", async () => {
    const killed = driver();
    await created();
    await kill(killed);
    await until("the lock is released", async () => locks().length === 0);
    assert.deepEqual(await state(), { holdsIt: true, pending: 0 });
  });

  it("and that is killed too is taken over, with what it was creating", async () => {
    await kubectl(["delete", "deployment", "fop-gate-canary", "-n", namespace]);
    const killed = driver();
    await created();
    const { pid } = JSON.parse(readFileSync(locks()[0] ?? "", "utf8"));
    process.kill(pid, "SIGKILL");
    await kill(killed);
    await until("pulumi is gone", async () => !existsSync(`/proc/${pid}/exe`));
    assert.deepEqual(await state(), { holdsIt: false, pending: 1 });
    const { uid } = (await get(namespace, "deployment", "fop-gate-canary")).metadata;
    await up(canary());
    assert.deepEqual([(await state()).holdsIt, locks()], [true, []]);
    assert.equal((await get(namespace, "deployment", "fop-gate-canary")).metadata.uid, uid);
  });
});
