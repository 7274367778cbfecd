import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const namespace = "two-ups";
const key = `${namespace}/fop-gate`;

describe("an up of prod that lives on beside the next one, because pulumi cancel took its lock away,", () => {
  let project: Project;
  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 2 });
    await project.mustUp("canary");
    await project.mustUp("prod");
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  const stable = () => get(namespace, "deployment", "fop-gate");
  const releaseOf = ({ spec }: { spec: { template: { metadata: { labels: { release: string } } } } }) =>
    spec.template.metadata.labels.release;
  const stableHistory = async () =>
    JSON.parse((await get(namespace, "configmap", "fop-gate-rollout")).data.record).stableHistory as string[];

  it("is ended by it, and what both leave is what the last one says", async () => {
    const a = await project.release("prod", key);
    project.share({ image: RELEASE_IMAGES.B });
    await project.mustUp("canary");
    const b = await project.release("canary", key);
    await project.gray("approve", b, "--reason", "two at once", "-n", namespace);

    const first = project.startUp("prod");
    await until("some pods run the new release", async () => {
      const { status, spec } = await stable();
      return releaseOf({ spec }) === b && status.updatedReplicas >= 3;
    });
    await project.must(["cancel", "--yes", "--stack", "prod"]);
    project.configure("prod", { release: a });
    await project.mustUp("prod");
    const { code, output } = await first.ended;
    assert.notEqual(code, 0);
    assert.match(
      output,
      new RegExp(`Deployment fop-gate in namespace two-ups was changed to ${a} while this up changed it to ${b}`),
    );

    await project.mustUp("prod");
    const { spec, status } = await stable();
    assert.deepEqual([releaseOf({ spec }), status.updatedReplicas, status.availableReplicas], [a, 9, 9]);
    assert.equal(await project.release("prod", key), a);
    assert.deepEqual(await stableHistory(), [a]);

    project.configure("prod", { release: undefined });
    await project.mustUp("prod");
    assert.deepEqual([releaseOf(await stable()), await project.release("prod", key)], [b, b]);
    assert.deepEqual(await stableHistory(), [a, b]);
  });
});
