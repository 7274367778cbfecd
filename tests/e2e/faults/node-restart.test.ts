import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { enterSandbox } from "../../../rehearsal/sandbox.ts";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { places } from "../../../sandbox/places.ts";
import { type Identity, lives } from "../../../sandbox/process.ts";
import { Subject } from "./subject.ts";

describe("a node whose kubelet and containerd die while stable rolls", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-node");
    await subject.knowBoth();
  });
  after(() => subject.end());

  it("is waited for, and once it is back the rollout goes on to the end", async () => {
    const toB = (await subject.runs("stable")) === subject.a;
    subject.image(toB ? RELEASE_IMAGES.B : RELEASE_IMAGES.A);
    const to = toB ? subject.b : subject.a;
    const driver = subject.start("rollout");
    await subject.stableRolls(to);
    for (const name of ["kubelet", "containerd"]) {
      const daemon: Identity = JSON.parse(readFileSync(join(places().run, `processes/${name}.json`), "utf8"));
      assert.ok(lives(daemon), name);
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
