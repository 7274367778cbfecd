import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { Project, type Stack } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { elsewhere, OtherCluster } from "./elsewhere.ts";

const namespace = "machines";
const key = `${namespace}/fop-gate`;
const stacks = ["canary", "prod"] as const;

interface Resource {
  readonly type: string;
  readonly urn: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

describe("a stack that several machines use", () => {
  const folder = mkdtempSync(join(tmpdir(), "gray-machines-"));
  let project: Project;
  let other: OtherCluster;
  let text: string;

  /** A kubeconfig of the sandbox as it is on some machine: with its own path, and its own name for the context. */
  const machine = (name: string) => {
    const renamed = { ...JSON.parse(text), "current-context": name };
    renamed.contexts = [{ ...renamed.contexts[0], name }];
    const path = join(folder, `${name}.kubeconfig`);
    writeFileSync(path, JSON.stringify(renamed));
    return path;
  };
  const goTo = (path: string) => void Object.assign(project.env, { KUBECONFIG: path });
  const state = async (stack: Stack) => {
    const { stdout } = await project.must(["stack", "export", "--stack", stack]);
    const state = JSON.parse(stdout) as { deployment: { resources: Resource[] } };
    const provider = state.deployment.resources.find(({ type }) => type === "pulumi:providers:kubernetes");
    assert.ok(provider);
    return { state, stdout, provider, urns: state.deployment.resources.map(({ urn }) => urn).sort() };
  };
  const generations = async () =>
    (await get(namespace, "deployments")).items.map(
      ({ metadata }: { metadata: { generation: number } }) => metadata.generation,
    );
  const uids = async () =>
    (await get(namespace, "pods")).items.map(({ metadata }: { metadata: { uid: string } }) => metadata.uid).sort();
  const assertNothingToDo = async () => {
    for (const stack of stacks) {
      const { code, output } = await project.preview(stack, "--expect-no-changes");
      assert.equal(code, 0, output);
    }
  };

  before(async () => {
    text = readFileSync(process.env.KUBECONFIG ?? "", "utf8");
    await kubectl(["delete", "namespace", namespace, "--ignore-not-found"]);
    await makeNamespace(namespace);
    other = await OtherCluster.start(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0, replicas: 3, image: RELEASE_IMAGES.A });
    project.configure("canary", { weight: 25 });
    const program = project.read("index.ts");
    const steps = `steps: [{ stage: "dark", checks: ["healthy"] }, { stage: "full", watch: 1 }],`;
    project.write("index.ts", program.replace("  plan: {\n", `  plan: {\n    ${steps}\n`));
    goTo(machine("laptop"));
    for (const stack of stacks) await project.mustUp(stack);
  });
  after(async () => {
    await other.stop();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
    rmSync(folder, { recursive: true });
  });

  it("holds neither the path, nor the context, nor the credentials of the one that installed it", async () => {
    for (const stack of stacks) {
      const { stdout, provider } = await state(stack);
      assert.equal(provider.inputs.kubeconfig, "");
      for (const machines of ["laptop", folder, JSON.parse(text).users[0].user["client-key-data"]]) {
        assert.ok(!stdout.includes(machines), `the state of ${stack} holds ${machines.slice(0, 40)}`);
      }
    }
  });

  it("is gone on with from another, where the kubeconfig has another path and context, and from the first again", async () => {
    rmSync(join(folder, "laptop.kubeconfig"));
    goTo(machine("ci"));
    await assertNothingToDo();
    for (const stack of stacks) assert.match((await project.mustUp(stack)).output, /unchanged/);
    const plan = await project.gray("plan", "-n", namespace, "--for", "1s");
    assert.equal(plan.code, 0, plan.output);
    project.share({ image: RELEASE_IMAGES.B });
    const held = await project.gray("rollout", "-n", namespace);
    assert.equal(held.code, 4, held.output);
    goTo(machine("laptop"));
    const release = await project.release("canary", key);
    assert.equal((await project.gray("approve", release, "--reason", "tried it", "-n", namespace)).code, 0);
    const resumed = await project.gray("resume", "-n", namespace);
    assert.equal(resumed.code, 0, resumed.output);
    assert.equal(await project.release("prod", key), release);
    await assertNothingToDo();
  });

  it("writes nothing where the kubeconfig leads to another cluster, and the next up on its own takes all in again as it is", async () => {
    const before = await Promise.all(stacks.map(state));
    const pods = await uids();
    goTo(join(folder, "elsewhere.kubeconfig"));
    writeFileSync(join(folder, "elsewhere.kubeconfig"), other.kubeconfig);
    for (const stack of stacks) {
      const { code, output } = await project.up(stack);
      assert.notEqual(code, 0);
      assert.match(
        output,
        new RegExp(`Stack ${stack} runs fop-gate on the cluster with UID .* and this one is ${elsewhere}`),
      );
    }
    goTo(machine("laptop"));
    assert.deepEqual(other.writes, []);
    for (const [i, stack] of stacks.entries()) {
      await project.must(["up", "--yes", "--skip-preview", "--stack", stack]);
      assert.deepEqual((await state(stack)).urns, before[i]?.urns);
    }
    assert.deepEqual(await uids(), pods);
    await assertNothingToDo();
  });

  it("remembers what runs, where pulumi refresh runs a program that describes something else", async () => {
    const before = await project.stackState("canary", key);
    project.write("config/fop-gate/new.conf", "a = 1\n");
    await project.must(["refresh", "--yes", "--run-program", "--stack", "canary"]);
    assert.deepEqual(await project.stackState("canary", key), before);
    rmSync(join(project.folder, "config/fop-gate/new.conf"));
    await project.must(["up", "--yes", "--skip-preview", "--run-program", "--stack", "canary"]);
    assert.deepEqual(await project.stackState("canary", key), before);
    await assertNothingToDo();
  });

  describe("whose state an earlier version wrote, with the path and context of a machine that is gone", () => {
    before(async () => {
      goTo(machine("ci"));
      for (const stack of stacks) {
        const { state: exported, provider } = await state(stack);
        const there = { kubeconfig: "/home/alice/.kube/config", context: "alice" };
        for (const holder of [provider.inputs, provider.outputs]) Object.assign(holder, there);
        const file = join(folder, `${stack}.json`);
        writeFileSync(file, JSON.stringify(exported));
        await project.must(["stack", "import", "--file", file, "--stack", stack]);
      }
    });

    it("says in gray plan what to do, and not to drop resources from the state", async () => {
      const { code, output } = await project.gray("plan", "-n", namespace, "--for", "1s");
      assert.equal(code, 1, output);
      assert.match(output, /cannot reach the cluster .*: check .* run pulumi up --refresh=false once\./);
      assert.doesNotMatch(output, /DELETE_UNREACHABLE/);
    });

    it("moves over by one up without a refresh, and no pod is rolled", async () => {
      const before = await generations();
      for (const stack of stacks)
        await project.must(["up", "--yes", "--skip-preview", "--refresh=false", "--stack", stack]);
      assert.deepEqual(await generations(), before);
      await assertNothingToDo();
      for (const stack of stacks) assert.ok(!(await state(stack)).stdout.includes("alice"));
    });
  });
});

describe("a provider of the program's own", () => {
  const own = "machines-own";
  let project: Project;
  let other: OtherCluster;

  before(async () => {
    await kubectl(["delete", "namespace", own, "--ignore-not-found"]);
    await makeNamespace(own);
    other = await OtherCluster.start(own);
    project = await Project.create({ namespace: own, minReadySeconds: 0, replicas: 3, image: RELEASE_IMAGES.A });
    project.configure("canary", { weight: 25 });
    const program = project.read("index.ts");
    const provider = [
      'import { Provider } from "@pulumi/kubernetes/provider.js";',
      'import { RandomPassword } from "@pulumi/random/randomPassword.js";',
      'import { readFileSync } from "node:fs";',
      // As the kubeconfig of a cluster that the same program makes: not known before the first up.
      'const made = new RandomPassword("made", { length: 8 }).result;',
      'const kubeconfig = made.apply(() => readFileSync("home.kubeconfig", "utf8"));',
      'const opts = { provider: new Provider("home", { kubeconfig }) };',
    ];
    project.write(
      "index.ts",
      program
        .replace("\nconst { image,", `\n${provider.join("\n")}\nconst { image,`)
        .replace('CanaryService("fop-gate", fopGate)', 'CanaryService("fop-gate", fopGate, opts)'),
    );
    project.write("home.kubeconfig", readFileSync(process.env.KUBECONFIG ?? "", "utf8"));
    project.write("elsewhere.kubeconfig", other.kubeconfig);
    Object.assign(project.env, { KUBECONFIG: join(project.folder, "elsewhere.kubeconfig") });
  });
  after(async () => {
    await other.stop();
    await kubectl(["delete", "namespace", own, "--wait=false"]);
    project.forget();
  });

  it("is not known in the first preview, which warns and shows a first install", async () => {
    const { code, output } = await project.preview("canary");
    assert.equal(code, 0, output);
    assert.match(
      output,
      /fop-gate: the cluster of provider home is not known before pulumi up, so this preview shows a first install/,
    );
    assert.match(output, /kubernetes:apps\/v1:Deployment/);
  });

  it("deploys to its own cluster, whatever the kubeconfig at hand leads to", async () => {
    for (const stack of stacks) await project.mustUp(stack);
    const { items } = await get(own, "deployments");
    assert.equal(items.length, 2);
    assert.deepEqual(other.writes, []);
    for (const stack of stacks) {
      const { code, output } = await project.preview(stack, "--expect-no-changes");
      assert.equal(code, 0, output);
    }
  });

  it("is refused where it does not lead to the cluster that access names", async () => {
    const program = project.read("index.ts");
    const elsewhereIs = 'const fopGate: ServiceArgs = {\n  access: { kubeconfig: "elsewhere.kubeconfig" },';
    project.write("index.ts", program.replace("const fopGate: ServiceArgs = {", elsewhereIs));
    const { code, output } = await project.up("canary");
    assert.notEqual(code, 0);
    assert.match(
      output,
      /Stack canary runs fop-gate on the cluster with UID|provider home deploys to the cluster with UID/,
    );
    assert.deepEqual(other.writes, []);
    project.write("index.ts", program);
  });
});
