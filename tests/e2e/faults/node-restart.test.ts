import assert from "node:assert/strict";
import { enterSandbox } from "../../../harness/sandbox.ts";
import { places } from "../../../sandbox/places.ts";
import { running } from "../../../sandbox/service.ts";
import { Subject } from "./subject.ts";

describe("a node whose kubelet and containerd die while stable rolls", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-node");
    await subject.knowBoth();
  });
  after(() => subject.end());

  it("is waited for, and once it is back the rollout goes on to the end", async () => {
    const { to } = await subject.change();
    const driver = subject.start("rollout");
    await subject.stableRolls(to);
    for (const name of ["kubelet", "containerd"] as const) {
      const daemon = running(places(), name);
      assert.ok(daemon, name);
      process.kill(daemon.pid, "SIGKILL");
    }
    const began = Date.now();
    enterSandbox();
    process.stdout.write(`      the node was back after ${Date.now() - began} ms\n`);
    const { code, output } = await driver.ended;
    process.stdout.write(output.replace(/^/gm, "        "));
    assert.equal(code, 0, output);
    await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
  });
});
