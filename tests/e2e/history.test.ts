import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";

const namespace = "history";

describe("the history of releases", () => {
  let project: Project;
  const conf = "config/fop-gate/fop-gate.conf";
  let original: string;
  const ids: string[] = [];

  const maps = async (): Promise<string[]> =>
    (await get(namespace, "configmaps", "-l", "gray-release/service=fop-gate")).items
      .map((map: { metadata: { name: string } }) => map.metadata.name)
      .filter((name: string) => name.startsWith("fop-gate-config"));
  const mapOf = async (deployment: string): Promise<string> => {
    const { spec } = (await get(namespace, "deployment", deployment)).spec.template;
    return spec.volumes.find((volume: { name: string }) => volume.name === "config").configMap.name;
  };
  const release = async (number: number) => {
    project.write(conf, `${original}# ${number}\n`);
    await project.mustUp("canary");
    await until("no pod is ending", async () => {
      const { items } = await get(namespace, "pods", "-l", "app=fop-gate");
      return items.every((pod: { metadata: { deletionTimestamp?: string } }) => !pod.metadata.deletionTimestamp);
    });
    ids.push(await project.release("canary", `${namespace}/fop-gate`));
    return mapOf("fop-gate-canary");
  };

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0, replicas: 3 });
    project.configure("canary", { weight: 25 });
    project.write(
      "index.ts",
      project.read("index.ts").replace("  namespace,\n  labels", "  releaseHistoryLimit: 2,\n  namespace,\n  labels"),
    );
    original = project.read(conf);
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("keeps the config files of the newest releases, and of the one that stable runs however old", async () => {
    const first = await release(0);
    await project.mustUp("prod");
    const second = await release(1);
    const third = await release(2);
    const fourth = await release(3);
    const kept = await maps();
    assert.ok(kept.includes(first), "stable's files are gone");
    assert.equal(await mapOf("fop-gate"), first);
    assert.ok(!kept.includes(second), "an old release that nothing runs keeps its files");
    assert.deepEqual(kept.sort(), [first, third, fourth].sort());
  });

  it("makes ConfigMaps that nobody can change", async () => {
    const [name] = await maps();
    const map = await get(namespace, "configmap", String(name));
    assert.equal(map.immutable, true);
  });

  it("never drops a ConfigMap that a live pod refers to, even of a release that is in no history", async () => {
    const inUse = await mapOf("fop-gate-canary");
    await kubectl(
      ["create", "-n", namespace, "-f", "-"],
      JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "straggler", labels: { app: "fop-gate", track: "none" } },
        spec: {
          containers: [
            {
              name: "fop-gate",
              image: "reg.qiniu.com/dora-apps/fop-gate:20190218210538-6-master",
              volumeMounts: [{ name: "config", mountPath: "/etc/fop-gate" }],
            },
          ],
          volumes: [{ name: "config", configMap: { name: inUse } }],
        },
      }),
    );
    await release(4);
    await release(5);
    assert.ok((await maps()).includes(inUse));
    await kubectl(["delete", "pod", "straggler", "-n", namespace, "--grace-period=1"]);
    await release(6);
    assert.ok(!(await maps()).includes(inUse));
  });

  it("brings an older release back with its config, and says on every run that a newer one is hidden", async () => {
    const wanted = ids.at(-2);
    project.configure("canary", { release: wanted });
    const { output } = await project.mustUp("canary");
    assert.match(
      output,
      /release is set to [0-9a-f]{12}, so canary runs [0-9a-f]{12} and not [0-9a-f]{12}, which this program describes\./,
    );
    const files = await get(namespace, "configmap", await mapOf("fop-gate-canary"));
    assert.match(files.data["fop-gate.conf"], /# 5\n$/);
  });

  it("refuses a release that is in no history", async () => {
    project.configure("canary", { release: "0123456789ab" });
    const { code, output } = await project.up("canary");
    assert.notEqual(code, 0);
    assert.match(
      output,
      /fop-gate canary: release 0123456789ab is not in the history, which keeps .*: set release to one of these, to next or to current\./,
    );
    project.configure("canary", { release: undefined });
  });

  it("is found in the cluster after the state of canary's stack is lost, and taken over with a break-glass override", async () => {
    const { history } = await project.stackState("canary", `${namespace}/fop-gate`);
    await project.must(["stack", "rm", "--force", "--yes", "--preserve-config", "canary"]);
    await project.must(["stack", "init", "canary"]);
    const { code, output } = await project.up("canary");
    assert.notEqual(code, 0);
    assert.match(output, /has the owner id [0-9a-f]{16} and stack .*canary in this Pulumi backend has the owner id/);
    await project.mustUp("canary", { GRAY_BREAK_GLASS: "the state was lost" });
    assert.deepEqual(new Set((await project.stackState("canary", `${namespace}/fop-gate`)).history), new Set(history));
  });

  it("is rebuilt from the Deployment if the stored release that runs is gone", async () => {
    const running = await project.release("canary", `${namespace}/fop-gate`);
    const template = (await get(namespace, "deployment", "fop-gate-canary")).spec.template;
    await kubectl(["delete", "configmap", `fop-gate-release-${running}`, "-n", namespace]);
    project.configure("canary", { release: "current" });
    await project.mustUp("canary");
    assert.deepEqual((await get(namespace, "deployment", "fop-gate-canary")).spec.template, template);
    const stored = await get(namespace, "configmap", `fop-gate-release-${running}`);
    assert.equal(stored.immutable, true);
    project.configure("canary", { release: undefined });
  });

  it("is taken once from the outputs that an older version exported, and no pod is replaced", async () => {
    const key = `${namespace}/fop-gate`;
    const [before, pods] = [await project.stackState("canary", key), await podNames()];
    await becomeOlder(before);
    assert.match((await project.mustUp("canary")).output, /fop-gate-release-/);
    assert.deepEqual(await project.stackState("canary", key), before);
    assert.deepEqual(await podNames(), pods);
    assert.match((await project.mustUp("canary")).output, /unchanged/);
  });

  it("adds no release whose canary did not become available", async () => {
    const before = await project.stackState("canary", `${namespace}/fop-gate`);
    project.share({ image: "reg.qiniu.com/dora-apps/fop-gate:20190401000000-9-master" });
    project.write(
      "index.ts",
      project.read("index.ts").replace("  maxSurge: 1,", "  maxSurge: 1,\n  progressDeadlineSeconds: 5,"),
    );
    const { code } = await project.up("canary");
    assert.notEqual(code, 0);
    assert.deepEqual(await project.stackState("canary", `${namespace}/fop-gate`), before);
    assert.equal((await get(namespace, "deployment", "fop-gate")).status.availableReplicas, 3);
  });

  const podNames = async (): Promise<string[]> =>
    (await get(namespace, "pods", "-l", "app=fop-gate")).items
      .filter((pod: { metadata: { deletionTimestamp?: string } }) => !pod.metadata.deletionTimestamp)
      .map((pod: { metadata: { name: string } }) => pod.metadata.name)
      .sort();

  /** Stores the service as a version did that exported its releases in the output `releases`. */
  async function becomeOlder({ namespace: _, history, ...state }: StackState): Promise<void> {
    const files = async (names: readonly string[]) =>
      Object.fromEntries(
        await Promise.all(names.map(async (name) => [name, (await get(namespace, "configmap", name)).data] as const)),
      );
    const releases = await Promise.all(
      history.map(async (id) => {
        const { data } = await get(namespace, "configmap", `fop-gate-release-${id}`);
        const { template, configMaps } = JSON.parse(data.release);
        return { id, template, configMaps: await files(configMaps) };
      }),
    );
    const { stdout } = await project.must(["stack", "export", "--stack", "canary"]);
    const exported = JSON.parse(stdout);
    const isNew = ({ urn }: { urn: string }) => /::fop-gate-(state|release-[0-9a-f]{12})$/.test(urn);
    const { resources } = exported.deployment;
    exported.deployment.resources = resources.filter((resource: { urn: string }) => !isNew(resource));
    const root = resources.find(({ type }: { type: string }) => type === "pulumi:pulumi:Stack");
    root.outputs = { ...root.outputs, releases: { [`${namespace}/fop-gate`]: { ...state, history: releases } } };
    project.write("older.json", JSON.stringify(exported));
    await project.must(["stack", "import", "--stack", "canary", "--file", "older.json"]);
    await kubectl(["delete", "configmap", ...history.map((id) => `fop-gate-release-${id}`), "-n", namespace]);
  }
});
