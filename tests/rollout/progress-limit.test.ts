import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { withProgressLimit } from "../../rollout/progress-limit.ts";
import { withoutSleep } from "../fake/sleep.ts";

describe("the limit on a run without progress", () => {
  let slept = 0;
  let sleepAgain: () => void;
  beforeEach(() => {
    slept = 0;
    sleepAgain = withoutSleep((milliseconds) => {
      slept += milliseconds;
    });
  });
  afterEach(() => sleepAgain());

  const { signal } = new AbortController();
  const name = "pulumi up --stack prod";
  const untilEnded = (ending: AbortSignal) =>
    new Promise<void>((_, fail) => ending.addEventListener("abort", () => fail(new Error("interrupted"))));

  it("ends a run that hangs after the progress deadline and two minutes", async () => {
    const run = withProgressLimit({ signal, name, deadlineSeconds: async () => 600, run: untilEnded });
    await assert.rejects(run, {
      name: "UserError",
      message:
        "pulumi up --stack prod made no progress for 12 min and was ended, since a request to the cluster may hang: check the network between this machine and the cluster.",
    });
    assert.equal(slept, 721_000);
  });

  it("does not take the last output of a run for progress", async () => {
    const run = async (ending: AbortSignal, progressed: () => void) => {
      await untilEnded(ending).catch(() => {});
      progressed();
      throw new Error("interrupted");
    };
    await assert.rejects(withProgressLimit({ signal, name, deadlineSeconds: async () => 600, run }), /for 12 min/);
  });

  it("takes the deadline that the run itself has set", async () => {
    let seconds = 60;
    const run = withProgressLimit({
      ...{ signal, name, deadlineSeconds: async () => seconds },
      run: (ending) => {
        seconds = 3600;
        return untilEnded(ending);
      },
    });
    await assert.rejects(run, /no progress for 62 min/);
  });

  it("starts again with each sign of progress", async () => {
    const run = async (ending: AbortSignal, progressed: () => void) => {
      for (let signs = 0; signs < 5; signs++) {
        const from = slept;
        while (slept < from + 700_000) await sleep(0);
        progressed();
      }
      assert.equal(ending.aborted, false);
    };
    await withProgressLimit({ signal, name, deadlineSeconds: async () => 600, run });
    assert.ok(slept > 3_500_000, `${slept}`);
  });

  it("lets the run go on while the deadline is not known", async () => {
    const run = async (ending: AbortSignal) => {
      while (slept < 2_000_000) await sleep(0);
      assert.equal(ending.aborted, false);
    };
    await withProgressLimit({ signal, name, deadlineSeconds: async () => undefined, run });
  });

  it("ends the run if asking for the deadline is a bug", async () => {
    const deadlineSeconds = async () => {
      throw new Error("a bug");
    };
    await assert.rejects(withProgressLimit({ signal, name, deadlineSeconds, run: untilEnded }), { message: "a bug" });
  });

  it("passes on the error of a run that fails by itself, and of one that is stopped", async () => {
    const fails = async () => {
      throw new Error("locked");
    };
    const deadlineSeconds = async () => 600;
    await assert.rejects(withProgressLimit({ signal, name, deadlineSeconds, run: fails }), { message: "locked" });
    const stopped = AbortSignal.abort();
    const run = async (ending: AbortSignal) => {
      assert.equal(ending.aborted, true);
      throw new Error("interrupted");
    };
    await assert.rejects(withProgressLimit({ signal: stopped, name, deadlineSeconds, run }), {
      message: "interrupted",
    });
  });
});
