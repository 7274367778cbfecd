import assert from "node:assert/strict";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { Subject } from "./faults/subject.ts";

/** One of the faults of `npm run test:faults`, so that each run of the others sees one. */
describe("a rollout whose driver is killed while stable rolls", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("killed-rollout");
  });
  after(() => subject.end());

  it("leaves no run of Pulumi behind, and is resumed to the end", async () => {
    subject.image(RELEASE_IMAGES.B);
    const waiting = await subject.gray("rollout");
    assert.equal(waiting.code, 4, waiting.output);
    const release = await subject.runs("canary");
    await subject.approve(release);
    const driver = subject.start("resume");
    await subject.stableRolls(release);
    process.kill(driver.pid, "SIGKILL");
    await subject.pulumisEnd();
    assert.deepEqual(subject.locks(), []);
    const { code, output } = await subject.gray("resume");
    assert.equal(code, 0, output);
    await subject.assertEnded({ stable: release, canary: release, release, outcome: "promoted" });
  });
});
