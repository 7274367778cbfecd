import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { type Load, startLoad } from "../../sandbox/load.ts";

const namespace = "rollout";

describe("gray rollout", function () {
  // A machine with other work is slower to answer, and the verdict on canary's latency then takes longer.
  this.timeout(600_000);
  let project: Project;
  let users: Load;

  /** What a live track runs, and with how many available pods. */
  const track = async (name: string) => {
    const { spec, status } = await get(namespace, "deployment", name);
    return { release: spec.template.metadata.labels.release as string, available: status.availableReplicas ?? 0 };
  };
  const record = async () => JSON.parse((await get(namespace, "configmap", "fop-gate-rollout")).data.record);
  /** Which Events of the rollout a Deployment has, by their reasons. */
  const told = async (name: string): Promise<string[]> => {
    const { items } = await get(namespace, "events", "--field-selector", `involvedObject.name=${name}`);
    return items
      .map(({ reason }: { reason: string }) => reason)
      .filter((reason: string) => reason.startsWith("Rollout"))
      .sort();
  };
  const gray = (...args: string[]) => project.gray(args[0] ?? "", "-n", namespace, ...args.slice(1));

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 1, image: RELEASE_IMAGES.A });
    const program = project.read("index.ts");
    const steps = `steps: [{ stage: "dark" }, { stage: "canary", weight: 10 }, { stage: "full", watch: 3 }],`;
    project.write("index.ts", program.replace("  plan: {\n", `  plan: {\n    ${steps}\n`));
    await project.mustUp("canary");
    await project.mustUp("prod");
    const { spec } = await get(namespace, "service", "fop-gate");
    users = await startLoad({ url: `http://${spec.clusterIP}/`, rate: 200, duration: "30m", keepalive: false });
  });
  after(async () => {
    await users.stop();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  it("brings a good release to everybody without a failed request", async () => {
    const { release: a } = await track("fop-gate");
    project.share({ image: RELEASE_IMAGES.B });
    const rollout = gray("rollout");
    await until("the rollout is open", async () => (await record()).open);
    const watch = gray("watch");
    const { code, output } = await rollout;
    process.stdout.write(output);
    assert.equal(code, 0, output);
    assert.match(
      (await watch).output,
      /step 2 of 3, canary at 10 % is in force\n[\s\S]*promoted: stable runs the release/,
    );
    assert.equal((await watch).code, 0);
    assert.deepEqual(await told("fop-gate"), [
      "RolloutBegun",
      "RolloutPromoted",
      "RolloutStep",
      "RolloutStep",
      "RolloutStep",
    ]);
    const { release: b, available } = await track("fop-gate");
    assert.notEqual(a, b);
    assert.deepEqual([available, await track("fop-gate-canary")], [9, { release: b, available: 1 }]);
    const { open, ended } = await record();
    assert.equal(open, undefined);
    assert.deepEqual([ended[0].release, ended[0].from, ended[0].outcome], [b, a, "promoted"]);
    for (const stack of ["canary", "prod"] as const) {
      const { code, output } = await project.preview(stack, "--expect-no-changes");
      assert.equal(code, 0, output);
    }
  });

  it("rolls a bad release back by itself", async () => {
    const { release: b } = await track("fop-gate");
    project.share({ image: RELEASE_IMAGES.bad });
    const { code, output } = await gray("rollout");
    process.stdout.write(output);
    assert.equal(code, 3, output);
    assert.deepEqual(
      [await track("fop-gate"), await track("fop-gate-canary")],
      [
        { release: b, available: 9 },
        { release: b, available: 1 },
      ],
    );
    assert.match(
      (await gray("rollout")).output,
      /: fop-gate: release [0-9a-f]{12} was rolled back, so canary runs .*: describe another release in the program, or let this one run again with gray approve/,
    );
  });
});
