import assert from "node:assert/strict";
import fc from "fast-check";
import { resolveStep, type Step, usualSteps } from "../../components/step.ts";
import type { Judgment, Move } from "../../rollout/move.ts";
import { next, type Position } from "../../rollout/next.ts";
import type { Remedy } from "../../rollout/remedy.ts";

const second = 1000;
const minute = 60 * second;
const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
const undecided: Judgment = { verdict: "undecided", reason: "too few requests" };
const good: Judgment = { verdict: "good", reason: "every stream is fine" };
const remediesIfBroken: readonly Remedy[] = ["accept own rates", "approve own rates", "roll back"];
const asks: Judgment = { verdict: "undecided", reason: "stable is broken", needsDecision: true };
const bad: Judgment = { verdict: "bad", reason: "canary answers 5xx 5 times as often" };
const written = (steps: readonly Step[]) => steps.map((step) => resolveStep(step, ["GET /healthz"]));
const usual = written(usualSteps(10));
const at = (step: number, more: Partial<Position> = {}): Position => ({ steps: usual, step, ...more });
const stepStartedAt = (step: number, more: Partial<Position> = {}) =>
  at(step, { stepStartedAt: iso(0), checked: true, ...more });
const [dark, canary, full] = [0, 1, 2];

/** The position after a step was passed. */
function advanced({ stepStartedAt: _, checked: __, approved: ___, ...kept }: Position): Position {
  return { ...kept, step: kept.step + 1 };
}

describe("the next move of a rollout", () => {
  const rows: [sentence: string, Position, Judgment, now: number, Move][] = [
    ["brings up canary dark", at(dark), undecided, 0, { kind: "enter" }],
    [
      "runs the checks of stage dark",
      stepStartedAt(dark, { checked: false }),
      undecided,
      second,
      { kind: "check", names: ["GET /healthz"] },
    ],
    [
      "tries failed checks again",
      stepStartedAt(dark, { checked: false }),
      { ...undecided, failedChecks: "GET /healthz: 503" },
      59 * second,
      { kind: "check", names: ["GET /healthz"] },
    ],
    [
      "holds when checks keep failing until the time is up",
      stepStartedAt(dark, { checked: false }),
      { ...undecided, failedChecks: "GET /healthz: 503" },
      minute,
      { kind: "hold", reason: "GET /healthz: 503", remedies: ["try again", "roll back"] },
    ],
    [
      "counts the time of failed checks from when the step was in force",
      stepStartedAt(dark, { checked: false, stepStartedAt: iso(minute) }),
      { ...undecided, failedChecks: "GET /healthz: 503" },
      119 * second,
      { kind: "check", names: ["GET /healthz"] },
    ],
    [
      "runs checks that have not failed yet, even when the time is up",
      stepStartedAt(dark, { checked: false }),
      undecided,
      minute,
      { kind: "check", names: ["GET /healthz"] },
    ],
    [
      "leaves stage dark after its checks have passed, whatever the evidence",
      stepStartedAt(dark),
      undecided,
      second,
      { kind: "advance" },
    ],
    ["sets the weight", at(canary), undecided, 0, { kind: "enter" }],
    [
      "observes canary while the evidence is undecided",
      stepStartedAt(canary),
      undecided,
      minute,
      { kind: "observe", reason: "too few requests" },
    ],
    ["goes on when canary is good", stepStartedAt(canary), good, second, { kind: "advance" }],
    [
      "holds when the time is up undecided",
      stepStartedAt(canary),
      undecided,
      15 * minute,
      {
        kind: "hold",
        reason: "no decision within 15 min: too few requests",
        remedies: ["approve", "keep observing", "roll back"],
      },
    ],
    [
      "holds at once when stable is broken and only a decision on that is missing",
      stepStartedAt(canary),
      asks,
      second,
      { kind: "hold", reason: "stable is broken", remedies: remediesIfBroken },
    ],
    [
      "does not roll stable to the release while that decision is missing",
      at(full),
      asks,
      0,
      { kind: "hold", reason: "it has not been judged good yet: stable is broken", remedies: remediesIfBroken },
    ],
    ["leaves stage dark while stable is broken", stepStartedAt(dark), asks, second, { kind: "advance" }],
    ["goes on when it is good after the time is up", stepStartedAt(canary), good, 60 * minute, { kind: "advance" }],
    ["rolls back when canary is bad", stepStartedAt(canary), bad, second, { kind: "rollback", reason: bad.reason }],
    ["rolls back from stage dark too", stepStartedAt(dark), bad, second, { kind: "rollback", reason: bad.reason }],
    ["rolls back while stable rolls", at(full), bad, second, { kind: "rollback", reason: bad.reason }],
    [
      "holds and asks once stable runs it completely",
      stepStartedAt(full),
      bad,
      second,
      {
        kind: "hold",
        reason: `${bad.reason}, and stable already runs this release completely`,
        remedies: ["roll back"],
      },
    ],
    ["rolls stable to a good release", at(full), good, 0, { kind: "enter" }],
    [
      "never rolls stable to an undecided release",
      at(full),
      undecided,
      0,
      {
        kind: "hold",
        reason: "it has not been judged good yet: too few requests",
        remedies: ["approve", "roll back"],
      },
    ],
    [
      "observes stable",
      stepStartedAt(full),
      undecided,
      minute,
      { kind: "observe", reason: "watching for another 4 min" },
    ],
    [
      "finishes after stable was observed for long enough",
      stepStartedAt(full),
      undecided,
      5 * minute,
      { kind: "finish" },
    ],
    ["finishes after the last step, whatever the evidence", at(usual.length), bad, 0, { kind: "finish" }],
    [
      "holds while paused, even if the release is good",
      stepStartedAt(canary, { paused: "lunch" }),
      good,
      60 * minute,
      { kind: "hold", reason: "lunch", remedies: ["continue", "roll back"] },
    ],
    [
      "rolls back while paused if the release is bad",
      stepStartedAt(canary, { paused: "lunch" }),
      bad,
      second,
      { kind: "rollback", reason: bad.reason },
    ],
    [
      "keeps rolling back, even if the release is good now",
      stepStartedAt(canary, { rollbackRequested: "by alice" }),
      good,
      second,
      { kind: "rollback", reason: "by alice" },
    ],
  ];
  for (const [sentence, position, judgment, now, move] of rows) {
    it(sentence, () => assert.deepEqual(next(position, judgment, now), move));
  }

  it("waits for approval before a step that requires it, and then begins it", () => {
    const steps = written([{ stage: "canary", weight: 10, approval: true }, { stage: "full" }]);
    assert.deepEqual(next({ steps, step: 0 }, undecided, 0), {
      kind: "hold",
      reason: "canary at 10 % needs a person's approval",
      remedies: ["approve", "roll back"],
    });
    assert.deepEqual(next({ steps, step: 0, approved: true }, undecided, 0), { kind: "enter" });
  });

  it("stays for the least time, however early it is good", () => {
    const steps = written([{ stage: "canary", weight: 10, atLeast: 120 }, { stage: "full" }]);
    const position = { steps, step: 0, stepStartedAt: iso(0) };
    assert.equal(next(position, good, 119 * second).kind, "observe");
    assert.equal(next(position, good, 120 * second).kind, "advance");
  });

  /** Any plan, and any sequence of verdicts, failed checks, pauses, approvals and aborts. */
  const plans = fc
    .record({
      beginsDark: fc.boolean(),
      weights: fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 3 }),
      approval: fc.boolean(),
    })
    .map(({ beginsDark, weights, approval }) =>
      written([
        ...(beginsDark ? [{ stage: "dark" } as const] : []),
        ...weights.sort((a, b) => a - b).map((weight) => ({ stage: "canary", weight, approval }) as const),
        { stage: "full", approval },
      ]),
    );
  const events = fc.array(
    fc.record({
      judgment: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(undecided, good) },
        { weight: 1, arbitrary: fc.constant(bad) },
        { weight: 1, arbitrary: fc.constant({ ...undecided, failedChecks: "GET /healthz: 503" }) },
      ),
      seconds: fc.constantFrom(1, 5, 60, 1000),
      person: fc.constantFrom("nothing", "nothing", "nothing", "pause", "resume", "approve", "abort"),
      effectFails: fc.boolean(),
    }),
    { maxLength: 60 },
  );

  /** Applies a move as the driver does: one effect, and the position after it. */
  function apply(position: Position, move: Move, now: number, fails: boolean): Position {
    if (move.kind === "enter" && !fails) return { ...position, stepStartedAt: iso(now) };
    if (move.kind === "check" && !fails) return { ...position, checked: true };
    if (move.kind === "advance") return advanced(position);
    if (move.kind === "rollback") return { ...position, rollbackRequested: move.reason };
    return position;
  }

  it("goes on only after passed checks, good evidence or a person's decision, and never leaves a rollback", () => {
    fc.assert(
      fc.property(plans, events, (steps, tale) => {
        let position: Position = { steps, step: 0 };
        let now = 0;
        for (const { judgment, seconds, person, effectFails } of tale) {
          now += seconds * second;
          if (person === "pause") position = { ...position, paused: "by alice" };
          if (person === "resume") {
            const { paused: _, ...others } = position;
            position = others;
          }
          if (person === "approve") position = { ...position, approved: true };
          if (person === "abort") position = { ...position, rollbackRequested: "by alice" };
          const step = steps[position.step];
          const move = next(position, judgment, now);
          if (position.rollbackRequested !== undefined) assert.equal(move.kind, "rollback");
          if (judgment.verdict === "bad") assert.ok(["rollback", "hold", "finish"].includes(move.kind), move.kind);
          if (position.paused !== undefined) assert.ok(["rollback", "hold", "finish"].includes(move.kind), move.kind);
          if (move.kind === "advance") {
            assert.ok(step && step.stage !== "full" && position.stepStartedAt !== undefined);
            assert.ok(step.checks.length === 0 || position.checked);
            if (step.stage === "canary") assert.equal(judgment.verdict, "good");
          }
          if (move.kind === "enter" && step?.approval) assert.ok(position.approved);
          if (move.kind === "enter" && step?.stage === "full") assert.equal(judgment.verdict, "good");
          if (move.kind === "finish") assert.ok(step?.stage === "full" && position.stepStartedAt !== undefined);
          if (move.kind === "finish") return;
          position = apply(position, move, now, effectFails);
        }
      }),
    );
  });

  it("ends, rolls back or holds within a bounded number of moves, at any constant verdict", () => {
    fc.assert(
      fc.property(plans, fc.constantFrom(undecided, good, bad), (steps, judgment) => {
        let position: Position = { steps, step: 0 };
        for (let moves = 0; moves < 8 * steps.length; moves++) {
          // At each move, every deadline is over.
          const move = next(position, judgment, moves * 1e9);
          if (["finish", "rollback", "hold"].includes(move.kind)) return;
          position = apply(position, move, moves * 1e9, false);
        }
        assert.fail(`went on for ever at step ${position.step}`);
      }),
    );
  });
});
