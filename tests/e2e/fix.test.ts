import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { type Load, startLoad } from "../../sandbox/load.ts";

const namespace = "fix";

describe("gray rollout while stable is broken", function () {
  this.timeout(600_000);
  let project: Project;
  let users: Load;

  const gray = (...args: string[]) => project.gray(args[0] ?? "", "-n", namespace, ...args.slice(1));
  const record = async () => JSON.parse((await get(namespace, "configmap", "fop-gate-rollout")).data.record);
  const runs = async (name: string) => {
    const { spec, status } = await get(namespace, "deployment", name);
    return { release: spec.template.metadata.labels.release as string, available: status.availableReplicas ?? 0 };
  };
  /** Sets the share of requests that a release fails, by its config file. */
  const fail = (share: string) => {
    const file = "config/fop-gate/fop-gate.conf";
    project.write(file, project.read(file).replace(/^error_rate=.*$/m, `error_rate=${share}`));
  };

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 1, replicas: 1, image: RELEASE_IMAGES.A });
    project.configure("canary", { weight: 50 });
    const steps = `steps: [{ stage: "canary", weight: 50 }, { stage: "full", watch: 3 }],`;
    project.write("index.ts", project.read("index.ts").replace("  plan: {\n", `  plan: {\n    ${steps}\n`));
    fail("1");
    await project.mustUp("canary");
    await project.mustUp("prod");
    const { spec } = await get(namespace, "service", "fop-gate");
    users = await startLoad({ url: `http://${spec.clusterIP}/`, rate: 100, duration: "30m", keepalive: false });
  });
  after(async () => {
    await users.stop();
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  // The unit tests hold it too, so CI does without (npm run test:long).
  if (process.env.GRAY_LONG)
    it("rolls a canary back that fails too, in spite of the option", async () => {
      const { release: a } = await runs("fop-gate");
      fail("0.5");
      const { code, output } = await gray("rollout", "--stable-is-broken");
      process.stdout.write(output);
      assert.equal(code, 3, output);
      assert.match(output, /by canary's own rates, since stable is broken \(it answers 5xx in 100 % of its requests/);
      assert.equal((await runs("fop-gate")).release, a);
    });

  it("brings a healthy canary to the users, once a person has decided that stable is broken", async () => {
    const { release: a } = await runs("fop-gate");
    fail("0");
    const held = await gray("rollout");
    process.stdout.write(held.output);
    assert.equal(held.code, 4, held.output);
    assert.match(held.output, /stable is broken \(.*by its own rates it is good.*gray resume --stable-is-broken/);
    const { code, output } = await gray("resume", "--stable-is-broken");
    process.stdout.write(output);
    assert.equal(code, 0, output);
    const { release: b, available } = await runs("fop-gate");
    assert.notEqual(a, b);
    assert.deepEqual([available, await runs("fop-gate-canary")], [1, { release: b, available: 1 }]);
    const { verdicts, ended } = await record();
    const verdict = await get(namespace, "configmap", verdicts[b]);
    assert.equal(JSON.parse(verdict.data.evidence).basis, "own rates");
    assert.equal(ended[0].outcome, "promoted");
  });

  it("says within 20 s that nodes are full, and ends on abort although canary never came", async () => {
    const { release: before } = await runs("fop-gate");
    project.write("index.ts", project.read("index.ts").replace('cpu: "20m"', 'cpu: "1000"'));
    const rollout = project.startGray(["rollout", "-n", namespace]);
    type Pending = { readonly status: { readonly conditions?: readonly { readonly reason?: string }[] } };
    const hasNoNode = ({ status }: Pending) => status.conditions?.some(({ reason }) => reason === "Unschedulable");
    const pending = async () => (await get(namespace, "pods")).items.some(hasNoNode);
    await until("canary's pod has no node", pending, 150);
    const cause = /pod fop-gate-canary-\S+ cannot be scheduled: 0\/1 nodes are available: 1 Insufficient cpu/;
    assert.match((await gray("status")).output, cause);
    const told = `The roll of canary does not go on: pod`;
    await until("the driver says so", async () => rollout.soFar().includes(told), 20);
    const { output: aborted } = await gray("abort", "--reason", "no room");
    const { code, output } = await rollout.ended;
    process.stdout.write(`${aborted}${output}`);
    assert.equal(code, 3, output);
    assert.match(output, cause);
    assert.deepEqual(
      [(await runs("fop-gate")).release, await runs("fop-gate-canary")],
      [before, { release: before, available: 1 }],
    );
    assert.equal((await record()).open, undefined);
  });
});
