import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { Subject } from "./subject.ts";

const seed = Number(process.env.GRAY_SEED ?? 20260214);
const kills = Number(process.env.GRAY_KILLS ?? 5);
/** Milliseconds that a rollout of the subject takes, about. */
const whole = 20_000;

describe("a driver that is killed at any time", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-anytime");
    await subject.knowBoth();
  });
  after(() => subject.end());

  const begin = async () => {
    const { to } = await subject.change();
    return { to, driver: subject.start("rollout") };
  };
  const resumed = async (to: string) => {
    const { code, output } = await subject.gray("resume");
    assert.equal(code, 0, output);
    await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
  };

  it("while stable rolls takes its run of Pulumi with it, lock and all, and is resumed", async () => {
    const { to, driver } = await begin();
    await subject.stableRolls(to);
    assert.notDeepEqual(subject.pulumis(), []);
    process.kill(driver.pid, "SIGKILL");
    const took = await subject.pulumisEnd();
    process.stdout.write(`      Pulumi ended ${took} ms after its driver\n`);
    assert.deepEqual(subject.locks(), []);
    await resumed(to);
  });

  it("while stable rolls with all of Pulumi, as by the end of its machine, is resumed past the dead lock", async () => {
    const { to, driver } = await begin();
    await subject.stableRolls(to);
    for (const pid of [driver.pid, ...subject.pulumis()]) process.kill(pid, "SIGKILL");
    await subject.pulumisEnd();
    assert.equal(subject.locks().length, 1);
    await resumed(to);
  });

  it(`is resumed to the same end (${kills} times, seed ${seed})`, async () => {
    const random = xoroshiro128plus(seed);
    for (let kill = 1; kill <= kills; kill++) {
      const { to, driver } = await begin();
      const at = (random.next() >>> 0) % whole;
      const machine = random.next() < 0;
      // A time is what is tried here; nothing is waited for.
      await sleep(at);
      const left = machine ? subject.pulumis() : [];
      for (const pid of [driver.pid, ...left]) endOf(pid);
      const { code } = await driver.ended;
      const open = (await subject.record()).open !== undefined;
      process.stdout.write(
        `      ${at} ms: ${code === 0 ? "ended before" : open ? "killed" : "killed before it began"}${machine ? ", Pulumi too" : ""}\n`,
      );
      if (open) await resumed(to);
      else if (code !== 0) assert.equal((await subject.gray("rollout")).code, 0);
      await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
    }
  });
});

/** Kills a process that may have ended already. */
function endOf(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
  }
}
