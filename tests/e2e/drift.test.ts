import assert from "node:assert/strict";
import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const namespace = "drift";

describe("a release that is what it says and nothing else", () => {
  let project: Project;
  let program: string;
  let a: string;

  const templateOf = async (name: string) => (await get(namespace, "deployment", name)).spec.template;
  const accountOf = async (name: string) => {
    const { spec } = await templateOf(name);
    return [spec.serviceAccountName, spec.serviceAccount];
  };
  const runs = async (name: string) => (await templateOf(name)).metadata.labels.release as string;
  const generation = async (name: string) => (await get(namespace, "deployment", name)).metadata.generation as number;
  const gray = (...args: string[]) => project.gray(args[0] ?? "", "-n", namespace, ...args.slice(1));
  const status = async () => JSON.parse((await gray("status", "--json")).stdout);
  const record = async () => JSON.parse((await get(namespace, "configmap", "fop-gate-rollout")).data.record);
  const account = (name: string) => apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } });
  /** Describes a release whose pods have a ServiceAccount. */
  const withAccount = (name: string) =>
    project.write("index.ts", program.replace("  pod: {\n", `  pod: {\n    serviceAccountName: "${name}",\n`));
  const wait = (name: string) =>
    until(
      `${name} is complete`,
      async () => {
        const { metadata, spec, status: is } = await get(namespace, "deployment", name);
        return (
          is.observedGeneration === metadata.generation &&
          is.availableReplicas === spec.replicas &&
          is.replicas === spec.replicas
        );
      },
      120,
    );

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0, replicas: 3 });
    project.configure("canary", { weight: 25 });
    program = project.read("index.ts");
    const steps = `steps: [{ stage: "dark" }, { stage: "full", watch: 1 }],`;
    program = program.replace("  plan: {\n", `  plan: {\n    ${steps}\n`);
    project.write("index.ts", program);
    await project.mustUp("canary");
    await project.mustUp("prod");
    a = await runs("fop-gate");
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  it("has no drift once it is installed, and no up finds any", async () => {
    const { tracks } = await status();
    assert.deepEqual([tracks.stable.drift, tracks.canary.drift], [[], []]);
    for (const stack of ["canary", "prod"] as const) {
      const { code, output } = await project.preview(stack, "--expect-no-changes");
      assert.equal(code, 0, output);
    }
  });

  it("shows what kubectl set changed, and the next up brings it back", async () => {
    await kubectl(["set", "image", "deployment/fop-gate", `fop-gate=${RELEASE_IMAGES.B}`, "-n", namespace]);
    await kubectl(["set", "env", "deployment/fop-gate", "SECRET=s3cret", "-c", "fop-gate", "-n", namespace]);
    await wait("fop-gate");
    const { stable } = (await status()).tracks;
    assert.deepEqual([stable.release, stable.complete], [a, false]);
    assert.deepEqual(stable.drift.map(({ field }: { field: string }) => field).sort(), [
      "spec.template.spec.containers[fop-gate].env[SECRET]",
      "spec.template.spec.containers[fop-gate].image",
    ]);
    const { output } = await gray("status");
    assert.match(output, new RegExp(`stable differs from release ${a}: .*containers\\[fop-gate\\]\\.image is "reg`));
    assert.doesNotMatch(output, /s3cret/);
    const up = await project.mustUp("prod");
    assert.match(up.output, /fop-gate stable: Deployment fop-gate differs from release [0-9a-f]{12}: spec\.template/);
    assert.deepEqual((await status()).tracks.stable.drift, []);
    const [container] = (await templateOf("fop-gate")).spec.containers;
    assert.ok(!container.env.some(({ name }: { name: string }) => name === "SECRET"));
  });

  it("takes away what another manager owns, in the write that brings the release back", async () => {
    const pods = { metadata: { annotations: { helper: "x" } }, spec: { dnsPolicy: "Default" } };
    await kubectl([
      ...["patch", "deployment", "fop-gate", "-n", namespace, "--field-manager=helper"],
      ...["-p", JSON.stringify({ spec: { template: pods } })],
    ]);
    await wait("fop-gate");
    const before = await generation("fop-gate");
    const { drift } = (await status()).tracks.stable;
    assert.deepEqual(drift.map(({ field, how }: { field: string; how: string }) => `${field} ${how}`).sort(), [
      "spec.template.metadata.annotations.helper is set and not in the release",
      'spec.template.spec.dnsPolicy is "Default" and the release has "ClusterFirst"',
    ]);
    await project.mustUp("prod");
    const { metadata, spec } = await templateOf("fop-gate");
    assert.deepEqual([metadata.annotations.helper, spec.dnsPolicy], [undefined, "ClusterFirst"]);
    assert.deepEqual([await generation("fop-gate"), (await status()).tracks.stable.drift], [before + 1, []]);
  });

  it("leaves a restart by kubectl alone", async () => {
    await kubectl(["rollout", "restart", "deployment/fop-gate", "-n", namespace]);
    await wait("fop-gate");
    const before = await generation("fop-gate");
    assert.deepEqual((await status()).tracks.stable.drift, []);
    await project.mustUp("prod");
    assert.equal(await generation("fop-gate"), before);
  });

  it("leaves nothing of the release that it takes the place of, where that one's ServiceAccount is gone", async () => {
    const first = await templateOf("fop-gate-canary");
    await account("b");
    withAccount("b");
    await project.mustUp("canary");
    const b = await runs("fop-gate-canary");
    await gray("approve", b, "--reason", "drift test");
    await project.mustUp("prod");
    assert.deepEqual(await accountOf("fop-gate"), ["b", "b"]);
    await kubectl(["delete", "serviceaccount", "b", "-n", namespace]);
    const { code, output } = await gray("undo", "--reason", "its account is gone");
    assert.equal(code, 0, output);
    for (const name of ["fop-gate", "fop-gate-canary"]) {
      assert.equal(await runs(name), a);
      assert.deepEqual(await accountOf(name), [undefined, undefined], name);
    }
    assert.deepEqual((await templateOf("fop-gate-canary")).spec, first.spec);
    const { tracks } = await status();
    assert.deepEqual([tracks.stable.drift, tracks.canary.drift, tracks.stable.complete], [[], [], true]);
    assert.equal((await record()).stableHistory.at(-1), a);
  });

  it("comes back by an abort where the pods of the next one cannot be made, because their account is gone", async () => {
    withAccount("never");
    const rollout = project.startGray(["rollout", "-n", namespace]);
    await until("canary is to have the account", async () => (await accountOf("fop-gate-canary"))[0] === "never");
    const { code, output } = await gray("abort", "--reason", "there is no such account");
    assert.equal(code, 0, output);
    await rollout.ended;
    assert.deepEqual([await runs("fop-gate-canary"), await accountOf("fop-gate-canary")], [a, [undefined, undefined]]);
    assert.equal((await record()).open, undefined);
    assert.deepEqual((await status()).tracks.canary.drift, []);
  });
});
