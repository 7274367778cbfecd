import assert from "node:assert/strict";
import type { Running } from "../../../harness/command.ts";
import { Subject } from "./subject.ts";

describe("two drivers of one rollout", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-drivers");
    await subject.knowBoth();
  });
  after(() => subject.end());

  const begin = async () => {
    const change = await subject.change();
    const driver = subject.start("rollout");
    await subject.opened("its first effect is begun", ({ effect }) => effect !== undefined);
    return { ...change, driver };
  };
  /** Wakes a driver that another has taken over from. @returns what it said */
  const woken = async (driver: Running) => {
    const left = await subject.record();
    process.kill(driver.pid, "SIGCONT");
    const { code, output } = await driver.ended;
    process.stdout.write(output.replace(/^/gm, "        "));
    assert.equal(code, 1, output);
    assert.deepEqual(await subject.record(), left);
    return output;
  };

  it("do not both drive: the second is refused, and resume says who drives", async () => {
    const { to, driver } = await begin();
    const second = await subject.gray("rollout");
    assert.equal(second.code, 1, second.output);
    assert.match(second.output, new RegExp(`A rollout of ${to} of fop-gate is open`));
    const resume = await subject.gray("resume");
    assert.equal(resume.code, 0, resume.output);
    assert.match(resume.output, new RegExp(`Process ${driver.pid} on \\S+ is driving the rollout of fop-gate`));
    const { code, output } = await driver.ended;
    assert.equal(code, 0, output);
    await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
  });

  it("do not both act: one that slept past its lease while stable rolled does nothing on waking, and says so", async () => {
    const { to, driver } = await begin();
    await subject.stableRolls(to);
    process.kill(driver.pid, "SIGSTOP");
    const { code, output } = await subject.gray("resume");
    assert.equal(code, 0, output);
    assert.match(output, /waiting up to 16 s to see whether it is still alive/);
    assert.match(await woken(driver), /gray: .*(rollout of fop-gate).*$/m);
    await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
  });

  it("do not both act: nor does one that is woken while the other rolls back", async () => {
    const { from, to, driver } = await begin();
    await subject.stableRolls(to);
    process.kill(driver.pid, "SIGSTOP");
    const other = subject.start("abort", "--reason", "a test");
    await subject.opened("the other one rolls back", ({ fastRollback }) => fastRollback === true);
    process.kill(driver.pid, "SIGCONT");
    const first = await driver.ended;
    process.stdout.write(first.output.replace(/^/gm, "        "));
    assert.equal(first.code, 1, first.output);
    const { code, output } = await other.ended;
    assert.equal(code, 0, output);
    await subject.assertEnded({ stable: from, canary: from, release: to, outcome: "undone" });
  });
});
