import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { apply, until } from "../../../harness/kubectl.ts";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { patience, replicas, Subject } from "./subject.ts";

const namespace = "faults-stable";

/**
 * Room for stable, canary and the second pod of a release that asks for 80 MiB a pod instead of 48, and for no third one:
 * 3 x 48 + 80 at first; 48 + 2 x 80 + 80 where it ends, and 80 more is too much.
 */
const room = "350Mi";

describe("a release of which stable cannot run every pod", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create(namespace, { args: "progressDeadlineSeconds: 20," });
  });
  after(() => subject.end());

  it("is taken off stable, stays on canary and holds; then rolls back by a person's decision", async () => {
    const { a } = subject;
    subject.image(RELEASE_IMAGES.B);
    const program = subject.project.read("index.ts");
    subject.project.write("index.ts", program.replace('memory: "32Mi"', 'memory: "64Mi"'));
    const waiting = await subject.gray("rollout");
    assert.equal(waiting.code, 4, waiting.output);
    const b = await subject.runs("canary");
    assert.notEqual(a, b);
    await subject.approve(b);
    await apply({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "room", namespace },
      spec: { hard: { "requests.memory": room } },
    });

    const began = Date.now();
    const { code, output } = await subject.gray("resume");
    process.stdout.write(output.replace(/^/gm, "        "));
    process.stdout.write(`      held after ${Date.now() - began} ms\n`);
    assert.equal(code, 4, output);
    assert.match(
      output,
      /stable could not be brought to the release and is rolled back: no pod of Deployment fop-gate can be created, .* exceeded quota/,
    );
    assert.deepEqual([await subject.runs("stable"), await subject.runs("canary")], [a, b]);
    // Kubernetes reverts the pod that it could not create a moment after stable is complete again.
    const isAlone = async () => isDeepStrictEqual(await subject.liveSets("stable"), [[a, replicas]]);
    await until(`the only ReplicaSet of stable is that of ${a}`, isAlone, patience);
    assert.deepEqual(await subject.liveSets("canary"), [[b, 1]]);
    const { spec, status } = await subject.deployment("stable");
    assert.equal(status.availableReplicas, replicas);
    assert.deepEqual(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
    assert.match(String((await subject.open())?.paused?.reason), /stable could not be brought to the release/);
    await subject.assertOneAgain();

    const aborted = await subject.gray("abort", "--reason", "it needs more room");
    assert.equal(aborted.code, 0, aborted.output);
    await subject.assertEnded({ stable: a, canary: a, release: b, outcome: "undone" });
  });
});
