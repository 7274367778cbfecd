import assert from "node:assert/strict";
import type { Outcome } from "../../../harness/command.ts";
import { Subject } from "./subject.ts";

/** A number beyond every boundary: the driver dies at none. */
const never = 1000;

describe("a driver that is killed at the boundary of an effect", () => {
  let subject: Subject;
  before(async () => {
    subject = await Subject.create("faults-boundary");
    await subject.knowBoth();
  });
  after(() => subject.end());

  /** A rollout to the release that stable does not run, by a driver that dies at a boundary. */
  const begin = async (at: number) => {
    const change = await subject.change();
    const { ended } = subject.startWith({ GRAY_DIE_AT: String(at) }, "rollout");
    return { ...change, ended };
  };
  /** How a driver ended that may have been killed. */
  const diedOr = (code: number, { code: came, output }: Outcome) => {
    assert.ok(came === null || came === code, output);
    return came === null;
  };
  const resume = async (at: number, code: number) => {
    const started = Date.now();
    const resumed = await subject.gray("resume");
    assert.equal(resumed.code, code, `killed at ${at}:\n${resumed.output}`);
    process.stdout.write(`      killed at boundary ${at}: resumed to the end in ${Date.now() - started} ms\n`);
  };

  it("is resumed to the end of a rollout that is promoted", async () => {
    for (let at = 1; at < never; at++) {
      const { to, ended } = await begin(at);
      const died = diedOr(0, await ended);
      if (died) await resume(at, 0);
      await subject.assertEnded({ stable: to, canary: to, release: to, outcome: "promoted" });
      if (!died) {
        process.stdout.write(`      ${at - 1} boundaries\n`);
        return;
      }
    }
  });

  it("is resumed to the end of a rollout that a person aborts while stable rolls", async () => {
    // Those before the way back are the same as above.
    for (let at = 7; at < never; at++) {
      const { from, to, ended } = await begin(at);
      await subject.stableRolls(to);
      const aborted = await subject.gray("abort", "--reason", "a test");
      assert.equal(aborted.code, 0, aborted.output);
      const died = diedOr(3, await ended);
      // gray abort takes over, because the driver is dead by then.
      if (died && (await subject.record()).open) await resume(at, 3);
      await subject.assertEnded({ stable: from, canary: from, release: to, outcome: "undone" });
      await subject.approve(to);
      if (!died) {
        process.stdout.write(`      ${at - 1} boundaries\n`);
        return;
      }
    }
  });
});
