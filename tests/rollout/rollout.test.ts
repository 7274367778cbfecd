import assert from "node:assert/strict";
import { resolveStep, type Step } from "../../components/step.ts";
import { UserError } from "../../components/user-error.ts";
import type { RolloutRecord } from "../../record/record.ts";
import {
  asksToBegin,
  atLastStep,
  cutOff,
  inNextStep,
  positionOf,
  type Rollout,
  resumed,
  rolloutIn,
  written,
} from "../../rollout/rollout.ts";

const minute = 60_000;
const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1) + minutes * minute).toISOString();
const now = (minutes: number) => Date.parse(at(minutes));
const decision = (by: string, minutes = 0) => ({ by, reason: "lunch", at: at(minutes) });
const steps: Step[] = [{ stage: "dark" }, { stage: "canary", weight: 10, atMost: 900 }, { stage: "full" }];
const rollout: Rollout = {
  epoch: 1,
  release: "bbbbbbbbbbbb",
  from: "aaaaaaaaaaaa",
  runs: { canary: "bbbbbbbbbbbb", stable: "aaaaaaaaaaaa" },
  weight: 10,
  by: "alice",
  began: at(0),
  steps: steps.map((step) => resolveStep(step, [])),
  step: 1,
};
const [dark, canary, full] = [0, 1, 2];

describe("the rollout in the record", () => {
  const record = (open: unknown) =>
    ({ version: 2, cluster: "c", sequence: 0, verdicts: {}, stableHistory: [], open }) as RolloutRecord;

  it("is read as it was written, with the fields of a newer version", () => {
    const written = { ...rollout, mood: "sunny", effect: { name: "full", at: at(0) }, fastRollback: true };
    assert.deepEqual(rolloutIn("web", record(JSON.parse(JSON.stringify(written)))), written);
    assert.equal(rolloutIn("web", record(undefined)), undefined);
  });

  it("is refused with a message if it cannot be understood", () => {
    for (const [change, why] of [
      [{ steps: [{ stage: "shadow" }] }, /steps/],
      [{ began: "yesterday" }, /must be a time/],
      [{ from: undefined }, /from/],
      [{ runs: { canary: "b" } }, /stable/],
    ] as const) {
      assert.throws(
        () => rolloutIn("web", record({ ...rollout, ...change })),
        (error) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, /^The rollout of bbbbbbbbbbbb of web was started by a version/);
          assert.match(error.message, why);
          return true;
        },
      );
    }
  });

  it("is written with every text in one line, of limited length", () => {
    const paused = { by: "bob", reason: "a\nb", at: at(0) };
    assert.deepEqual(written("web", { ...rollout, paused }), { ...rollout, paused: { ...paused, reason: "a b" } });
  });

  it("is not written if a field is invalid", () => {
    assert.throws(() => written("web", { ...rollout, from: "x\ny" }), {
      name: "UserError",
      message:
        /^The rollout of bbbbbbbbbbbb of web cannot be written \(from: .*\): check the label release of the pod templates of its Deployments\.$/,
    });
  });

  it("has the position of its step, with what is known of it", () => {
    assert.deepEqual(positionOf(rollout), { steps: rollout.steps, step: canary, approved: false });
    const known = { stepStartedAt: at(1), checked: true, approved: decision("bob") };
    assert.deepEqual(positionOf({ ...rollout, ...known }), {
      steps: rollout.steps,
      step: canary,
      stepStartedAt: at(1),
      checked: true,
      approved: true,
    });
    assert.equal(positionOf({ ...rollout, checked: false }).checked, false);
  });

  it("waits for approval to begin a step that needs it, but not for that of stable or of one in force", () => {
    const approved = (changes: Partial<Rollout>) =>
      asksToBegin({
        ...rollout,
        steps: steps.map((step) => resolveStep({ ...step, approval: true }, [])),
        ...changes,
      });
    assert.deepEqual(
      [{}, { step: full }, { stepStartedAt: at(0) }, { step: 3 }, { steps: rollout.steps }].map(approved),
      [true, false, false, false, false],
    );
  });

  it("names the person who paused it or rolled it back", () => {
    const { paused } = positionOf({ ...rollout, paused: decision("bob") });
    assert.equal(paused, "bob paused it: lunch");
    const rollbackRequested = (by: string) =>
      positionOf({ ...rollout, rollbackRequested: decision(by, 1) }).rollbackRequested;
    assert.deepEqual(["bob", "evidence", "gray"].map(rollbackRequested), ["bob aborted it: lunch", "lunch", "lunch"]);
    const { began } = rollout;
    const rolledBack = positionOf({ ...rollout, rollbackRequested: { ...decision("bob"), at: began } });
    assert.equal(rolledBack.rollbackRequested, "bob rolled it back: lunch");
  });

  it("begins its next step without the state of the former one", () => {
    const { step, stepStartedAt, checked, approved, paused } = inNextStep({
      ...rollout,
      stepStartedAt: at(0),
      checked: true,
      approved: decision("bob"),
      paused: decision("bob"),
    });
    assert.deepEqual(
      [step, stepStartedAt, checked, approved, paused],
      [full, undefined, undefined, undefined, decision("bob")],
    );
  });
});

describe("resuming", () => {
  const paused = (stepStartedAt: number, since: number, step = canary) =>
    resumed({ ...rollout, step, stepStartedAt: at(stepStartedAt), paused: decision("bob", since) }, now(100));

  it("moves the deadlines by the length of the pause", () => {
    assert.deepEqual(paused(0, 10), { ...rollout, stepStartedAt: at(90) });
  });

  it("leaves a rollout after its last step without a limit", () => {
    assert.equal(resumed({ ...rollout, step: 3, stepStartedAt: at(0) }, now(100)).stepStartedAt, at(0));
  });

  it("gives a step its full time again exactly when its time is up", () => {
    assert.equal(resumed({ ...rollout, stepStartedAt: at(85) }, now(100)).stepStartedAt, at(100));
    assert.equal(resumed({ ...rollout, stepStartedAt: at(86) }, now(100)).stepStartedAt, at(86));
  });

  it("does not count a pause from before the step", () => {
    assert.equal(paused(20, 10).stepStartedAt, at(100));
  });

  it("gives a step whose time is up its full time again", () => {
    assert.equal(resumed({ ...rollout, stepStartedAt: at(0) }, now(100)).stepStartedAt, at(100));
    assert.equal(resumed({ ...rollout, stepStartedAt: at(90) }, now(100)).stepStartedAt, at(90));
    assert.equal(paused(0, 20).stepStartedAt, at(100));
    assert.equal(resumed({ ...rollout, step: dark, stepStartedAt: at(90) }, now(100)).stepStartedAt, at(100));
  });

  it("does not prolong the observation of stable", () => {
    assert.equal(resumed({ ...rollout, step: full, stepStartedAt: at(0) }, now(100)).stepStartedAt, at(0));
    assert.equal(paused(0, 3, full).stepStartedAt, at(97));
  });

  it("removes the pause from a step that has not begun", () => {
    assert.deepEqual(resumed({ ...rollout, paused: decision("bob") }, now(1)), rollout);
  });
});

describe("promoting", () => {
  it("goes to the last step, approved by a person, whatever held the rollout", () => {
    const held = { ...rollout, stepStartedAt: at(0), checked: true, paused: decision("bob") };
    assert.deepEqual(atLastStep(held, decision("alice")), { ...rollout, step: full, approved: decision("alice") });
  });

  it("leaves the observation of the last step as it is", () => {
    const watched = { ...rollout, step: full, stepStartedAt: at(0) };
    assert.deepEqual(atLastStep(watched, decision("alice")), { ...watched, approved: decision("alice") });
  });

  it("does not cancel a rollback", () => {
    assert.deepEqual(
      atLastStep({ ...rollout, rollbackRequested: decision("bob") }, decision("alice")).rollbackRequested,
      decision("bob"),
    );
  });
});

describe("a rollout whose canary was cut off", () => {
  it("is paused without users on canary, and sets the weight again when it is resumed", () => {
    const cut = cutOff({ ...rollout, stepStartedAt: at(0), checked: true }, decision("gray"));
    assert.deepEqual(cut, { ...rollout, weight: 0, checked: true, paused: decision("gray") });
  });

  it("stays paused for the first reason", () => {
    assert.deepEqual(cutOff({ ...rollout, paused: decision("bob") }, decision("gray")).paused, decision("bob"));
  });

  it("has not begun its last step if it had not", () => {
    assert.equal("stepStartedAt" in cutOff({ ...rollout, step: full }, decision("gray")), false);
  });

  it("does not roll stable again if it runs the release already", () => {
    assert.equal(cutOff({ ...rollout, step: full, stepStartedAt: at(0) }, decision("gray")).stepStartedAt, at(0));
  });
});
