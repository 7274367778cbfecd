import assert from "node:assert/strict";
import { join } from "node:path";
import { kubectl, namespace as makeNamespace } from "../../rehearsal/kubectl.ts";
import { Project } from "../../rehearsal/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const namespace = "policed";

describe("pulumi preview --policy-pack policies", () => {
  let project: Project;
  const preview = (stack: "canary" | "prod") =>
    project.preview(stack, "--policy-pack", join(project.folder, "policies"));

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 1, replicas: 3 });
    project.configure("canary", { weight: 25 });
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("passes fop-gate on both stacks, before and after they are up", async () => {
    const first = await preview("canary");
    assert.equal(first.code, 0, first.output);
    await project.mustUp("canary");
    const second = await preview("prod");
    assert.equal(second.code, 0, second.output);
    await project.mustUp("prod");
    for (const stack of ["canary", "prod"] as const) {
      const { code, output } = await preview(stack);
      assert.equal(code, 0, output);
      assert.match(output, /gray-release@v[0-9.]+ \(local/);
    }
  });

  it("fails where the gate would refuse prod", async () => {
    project.share({ image: RELEASE_IMAGES.B });
    await project.mustUp("canary");
    const { code, output } = await preview("prod");
    assert.notEqual(code, 0);
    assert.match(output, /refused-release/);
  });

  it("fails a roll that takes capacity away", async () => {
    const index = project.read("index.ts");
    project.write("index.ts", index.replace("maxUnavailable: 0", "maxUnavailable: 1"));
    const { code, output } = await preview("canary");
    assert.notEqual(code, 0);
    assert.match(output, /safe-rolling-update/);
    project.write("index.ts", index);
  });
});
