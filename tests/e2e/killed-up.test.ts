import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const namespace = "killed-up";
const key = `${namespace}/fop-gate`;

describe("an up that is killed in the middle of prod's roll", () => {
  let project: Project;
  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 1 });
    await project.mustUp("canary");
    await project.mustUp("prod");
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("is mended by an up to the release before it: nine live pods of that release", async () => {
    const releaseA = await project.release("prod", key);
    project.share({ image: RELEASE_IMAGES.B });
    await project.mustUp("canary");
    const releaseB = await project.release("canary", key);
    await project.gray("approve", releaseB, "--reason", "a test of a crash", "-n", namespace);

    const up = project.startUp("prod");
    await until("half of the pods run the new release", async () => {
      const { status, spec } = await get(namespace, "deployment", "fop-gate");
      return spec.template.metadata.labels.release === releaseB && status.updatedReplicas >= 4;
    });
    process.kill(-up.pid, "SIGKILL");
    await up.ended;
    await project.must(["cancel", "--yes", "--stack", "prod"]);

    project.configure("prod", { release: releaseA });
    await project.mustUp("prod");
    const live = await until(
      "no pod is ending",
      async () => {
        const { items } = await get(namespace, "pods", "-l", "app=fop-gate,track=stable");
        return (
          items.every((pod: { metadata: { deletionTimestamp?: string } }) => !pod.metadata.deletionTimestamp) && items
        );
      },
      120,
    );
    assert.equal(live.length, 9);
    for (const pod of live) assert.equal(pod.metadata.labels.release, releaseA);
    const sets = await get(namespace, "replicasets", "-l", "app=fop-gate,track=stable");
    const withPods = sets.items.filter((set: { spec: { replicas: number } }) => set.spec.replicas > 0);
    assert.deepEqual(
      withPods.map((set: { metadata: { labels: { release: string } } }) => set.metadata.labels.release),
      [releaseA],
    );
  });
});
