import assert from "node:assert/strict";
import { Subject } from "./subject.ts";

const file = "config/fop-gate/fop-gate.conf";

describe("a release of nothing but a config file", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-config");
  });
  after(() => subject.end());

  /** The pod template of stable, and all files that it mounts, byte for byte. */
  const bytes = async () => {
    const { template } = (await subject.deployment("stable")).spec;
    const names: string[] = template.spec.volumes.flatMap((volume: { configMap?: { name: string } }) =>
      volume.configMap ? [volume.configMap.name] : [],
    );
    const files = await Promise.all(names.map(async (name) => (await subject.get("configmap", name)).data));
    return { template, files };
  };

  it("comes to everybody, and its undo brings every byte back", async () => {
    const { a } = subject;
    const old = await bytes();
    const text = subject.project.read(file);
    const changed = text.replace("latency=0ms", "latency=1ms");
    subject.project.write(file, changed);
    const waiting = await subject.gray("rollout");
    assert.equal(waiting.code, 4, waiting.output);
    const b = await subject.runs("canary");
    await subject.approve(b);
    const promoted = await subject.gray("resume");
    assert.equal(promoted.code, 0, promoted.output);
    await subject.assertEnded({ stable: b, canary: b, release: b, outcome: "promoted" });
    const { files } = await bytes();
    assert.ok(files.some((each) => each["fop-gate.conf"] === changed));
    assert.ok(!files.some((each) => each["fop-gate.conf"] === text));

    const began = Date.now();
    const undone = await subject.gray("undo", "--reason", "a test");
    assert.equal(undone.code, 0, undone.output);
    process.stdout.write(`      gray undo took ${Date.now() - began} ms\n`);
    process.stdout.write(undone.output.replace(/^/gm, "        "));
    await subject.assertEnded({ stable: a, canary: a, release: b, outcome: "undone" });
    assert.deepEqual(await bytes(), old);
  });
});
