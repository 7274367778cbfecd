import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project, type Stack } from "../../harness/project.ts";
import { type Strict, strictProvider } from "./strict.ts";

const namespace = "owner";
const owner = "gray-release/owner";

describe("with a provider that refuses to create what exists,", () => {
  let project: Project;
  let strict: Strict;
  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 4, replicas: 3 });
    project.configure("canary", { weight: 25 });
    strict = strictProvider();
    Object.assign(project.env, strict.env);
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  const find = (kind: string, name: string) => get(namespace, kind, name).catch(() => undefined);
  const canary = () => find("deployment", "fop-gate-canary");
  /** An up of canary that is ended with a signal while it creates the Deployment. */
  const interrupted = async (signal: NodeJS.Signals) => {
    await kubectl(["delete", "deployment", "fop-gate-canary", "-n", namespace, "--ignore-not-found"]);
    const up = project.startUp("canary");
    await until("canary's Deployment", canary);
    process.kill(-up.pid, signal);
    if (signal === "SIGINT") process.kill(-up.pid, signal);
    await up.ended;
    await until("nothing of it is left", async () => !existsSync(`/proc/${up.pid}/exe`));
  };
  const pending = async () => {
    const { stdout } = await project.must(["stack", "export", "--stack", "canary"]);
    const { resources = [], pending_operations = [] } = JSON.parse(stdout).deployment;
    const holds = resources.some(({ urn }: { urn: string }) => urn.endsWith(":Deployment::fop-gate-canary"));
    return { holds, pending: pending_operations.length };
  };

  it("an up is refused by the name of what somebody else made, and makes nothing", async () => {
    const theirs = { name: "fop-gate-plan", namespace };
    await apply({ apiVersion: "v1", kind: "ConfigMap", metadata: theirs, data: { of: "somebody else" } });
    const { code, output } = await project.up("canary");
    assert.notEqual(code, 0);
    assert.match(output, /ConfigMap fop-gate-plan in namespace owner was not created by this program/);
    assert.equal(await canary(), undefined);
    await kubectl(["delete", "configmap", "fop-gate-plan", "-n", namespace]);
  });

  it("a first up that was killed while it created canary's Deployment is gone on with", async () => {
    await interrupted("SIGKILL");
    assert.deepEqual(await pending(), { holds: false, pending: 1 });
    await project.must(["cancel", "--yes", "--stack", "canary"]);
    await project.mustUp("canary");
    assert.equal((await pending()).holds, true);
    await project.must(["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", "canary"]);
    assert.deepEqual(await pending(), { holds: true, pending: 0 });
  });

  it("so is one that was interrupted", async () => {
    await interrupted("SIGINT");
    assert.ok(await canary());
    await project.mustUp("canary");
  });

  it("so is one whose connection was cut off when a ConfigMap had been made, and gray rollout goes on with its release", async () => {
    await project.mustUp("prod");
    const before = (await canary()).spec.template.metadata.labels.release;
    const made = async () =>
      (await get(namespace, "configmaps")).items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    const first = await made();
    project.change({ files: { "config/fop-gate/fop-gate.conf": (text) => `${text}\n# another\n` } });
    const preview = await project.preview("canary", "--json");
    const { steps } = JSON.parse(preview.stdout) as { steps: { op: string; urn: string }[] };
    const config = steps.find(({ op, urn }) => op === "create" && urn.includes(":ConfigMap::"))?.urn;
    assert.ok(config, preview.output);
    strict.cutOff(config);
    const { code, output } = await project.up("canary");
    assert.notEqual(code, 0);
    assert.match(output, /the connection was cut off/);
    assert.equal((await made()).length, first.length + 1);
    const { stdout } = await project.must(["stack", "export", "--stack", "canary"]);
    assert.ok(!stdout.includes(config), "the state says nothing of it");
    assert.equal((await canary()).spec.template.metadata.labels.release, before);
    const driver = project.startGray(["rollout", "-n", namespace, "--json"]);
    const record = async () => {
      const { data } = await get(namespace, "configmap", "fop-gate-rollout");
      return JSON.parse(data.record).open;
    };
    const open = await until("a rollout of it", record);
    assert.notEqual(open.release, before);
    await until(
      "canary runs it",
      async () => (await canary()).spec.template.metadata.labels.release === open.release,
      120,
    );
    const aborted = await project.gray("abort", "-n", namespace, "--reason", "seen enough");
    assert.equal(aborted.code, 0, aborted.output);
    await driver.ended;
  });

  it("an empty stack of the same name in another backend takes nothing over, unless the glass is broken", async () => {
    const backend = join(project.folder, ".other");
    mkdirSync(backend);
    const other = { PULUMI_BACKEND_URL: `file://${backend}` };
    const objects = async () =>
      JSON.stringify(
        (await get(namespace, "deployments,services,ingresses,configmaps")).items.map(
          ({ metadata }: { metadata: object }) => metadata,
        ),
      );
    for (const stack of ["canary", "prod"] as const) await project.must(["stack", "init", stack], other);
    const ofState = (stack: Stack, env = {}) =>
      project.must(["stack", "export", "--stack", stack], env).then(({ stdout }) => {
        const { resources } = JSON.parse(stdout).deployment as {
          resources: { type: string; outputs: { output: string } }[];
        };
        return resources.find(({ type }) => type === "pulumi:index:Stash")?.outputs.output;
      });
    // Without a record nothing but the owner id tells the one from the other.
    await kubectl(["delete", "configmap", "fop-gate-rollout", "-n", namespace]);
    const before = await objects();
    const refused = await project.up("canary", other);
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /Deployment fop-gate-canary in namespace owner, of stack .*, has the owner id \w+/);
    assert.equal(await objects(), before);
    assert.notEqual(await ofState("canary", other), await ofState("canary"));
    await project.mustUp("canary", { ...other, GRAY_BREAK_GLASS: "the first backend is gone" });
    assert.equal((await canary()).metadata.annotations[owner], await ofState("canary", other));
    assert.match((await project.up("canary")).output, /has the owner id/);
    await project.mustUp("canary", { GRAY_BREAK_GLASS: "it was there after all" });
    assert.equal((await canary()).metadata.annotations[owner], await ofState("canary"));
  });

  it("gray destroy takes down what an up that was killed had made as well", async () => {
    await interrupted("SIGKILL");
    await project.must(["cancel", "--yes", "--stack", "canary"]);
    const { code, output } = await project.gray("destroy", "--yes");
    assert.equal(code, 0, output);
    assert.match(output, /Also deleted: .*Deployment fop-gate-canary of owner/);
    const left = await get(namespace, "deployments,services,ingresses,configmaps", "-l", "gray-release/service");
    assert.deepEqual(left.items, []);
  });
});
