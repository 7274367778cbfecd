import assert from "node:assert/strict";
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
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
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

  it("is kept when the program does not export it any more, which preview and up refuse", async () => {
    const kept = async () =>
      (await project.must(["stack", "output", "releases", "--json", "--stack", "canary"])).stdout;
    const before = await kept();
    const program = project.read("index.ts");
    project.write("index.ts", program.replace("  releases: {", "  history: {"));
    const missing = /fop-gate: the program does not export the state that the next up needs: add export const releases/;
    for (const { code, output } of [await project.preview("canary"), await project.up("canary")]) {
      assert.notEqual(code, 0);
      assert.match(output, missing);
    }
    assert.equal(await kept(), before);
    project.write("index.ts", program);
    await project.mustUp("canary");
  });

  it("adds no release whose canary did not become available", async () => {
    const { stdout } = await project.must(["stack", "output", "releases", "--json", "--stack", "canary"]);
    const before = JSON.parse(stdout)[`${namespace}/fop-gate`].history.map((kept: { id: string }) => kept.id);
    project.share({ image: "reg.qiniu.com/dora-apps/fop-gate:20190401000000-9-master" });
    project.write(
      "index.ts",
      project.read("index.ts").replace("  maxSurge: 1,", "  maxSurge: 1,\n  progressDeadlineSeconds: 5,"),
    );
    const { code } = await project.up("canary");
    assert.notEqual(code, 0);
    const after = await project.must(["stack", "output", "releases", "--json", "--stack", "canary"]);
    assert.deepEqual(
      JSON.parse(after.stdout)[`${namespace}/fop-gate`].history.map((kept: { id: string }) => kept.id),
      before,
    );
    assert.equal((await get(namespace, "deployment", "fop-gate")).status.availableReplicas, 3);
  });
});
