import assert from "node:assert/strict";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { Subject } from "./subject.ts";

describe("a release whose pods never start", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-broken");
  });
  after(() => subject.end());

  /** A rollout that has to roll back by itself. @returns what it said */
  const undone = async () => {
    const began = Date.now();
    const { code, output } = await subject.gray("rollout");
    assert.equal(code, 3, output);
    process.stdout.write(`      back after ${Date.now() - began} ms\n`);
    const { a } = subject;
    const release = (await subject.record()).ended?.[0]?.release ?? "";
    await subject.assertEnded({ stable: a, canary: a, release, outcome: "undone" });
    return output;
  };

  it("because its image cannot be pulled rolls back by itself, and says why", async () => {
    subject.image("reg.qiniu.com/dora-apps/fop-gate:there-is-no-such-tag");
    assert.match(
      await undone(),
      /rolled back: container fop-gate of pod fop-gate-canary-\S+ does not start: (ErrImagePull|ImagePullBackOff)/,
    );
  });

  it("because its container ends at once rolls back by itself, and says why", async () => {
    subject.image(RELEASE_IMAGES.A);
    const config = subject.project.read("config/fop-gate/fop-gate.conf");
    subject.project.write("config/fop-gate/fop-gate.conf", config.replace("error_rate=0", "error_rate=all"));
    assert.match(
      await undone(),
      /rolled back: container fop-gate of pod fop-gate-canary-\S+ does not start: CrashLoopBackOff/,
    );
  });
});
