/** Decides the next move of a rollout; pure. */
import type { ResolvedStep } from "../components/step.ts";
import type { Judgment, Move } from "./move.ts";
import { behaviourOf, remediesIfBroken } from "./stage.ts";

/** The position of a rollout within its steps; part of the record. */
export interface Position {
  readonly steps: readonly ResolvedStep[];
  /** Index of the current step. */
  readonly step: number;
  /** When the step was in force: its weight was set, or stable ran the release completely; ISO 8601. Absent before. */
  readonly stepStartedAt?: string;
  /** Whether the step's checks have passed. */
  readonly checked?: boolean;
  /** Whether a person has approved the step. */
  readonly approved?: boolean;
  /** Why a person paused it. */
  readonly paused?: string;
  /** Why it is rolled back: a person's decision, or bad evidence. Once set it stays. */
  readonly rollbackRequested?: string;
}

/**
 * The next move of a rollout.
 *
 * 1. A rollout that is rolling back keeps rolling back.
 * 2. Bad evidence rolls it back, also while stable rolls. Once stable runs the release completely, there is no baseline
 *    left, so the rollout holds and asks.
 * 3. A pause holds it, whatever the evidence shows, except for 1 and 2, and regardless of deadlines.
 * 4. A step that needs approval waits for it before it begins. Stable changes only for a release that is good.
 * 5. A step's checks must pass. A failed check is tried again until the step's time is up; then the rollout holds.
 * 6. Stage dark is passed when its checks have passed; stage canary when the release is good and its least time is
 *    over.
 * 7. A step that ran its full time undecided holds and asks. It holds at once if stable is broken, and only a person's decision
 *    on that is missing.
 * 8. The last step is passed when it was observed for long enough.
 *
 * @param now in milliseconds since the epoch
 */
export function next(position: Position, judgment: Judgment, now: number): Move {
  const { verdict, reason, needsDecision, failedChecks } = judgment;
  const { steps, step: at, stepStartedAt, checked, approved, paused, rollbackRequested } = position;
  const step = steps[at];
  if (rollbackRequested !== undefined) return { kind: "rollback", reason: rollbackRequested };
  if (step === undefined) return { kind: "finish" };
  const { name, track, needsGood, checks, limit, next: nextInForce } = behaviourOf(step);
  const done = track === "stable" && stepStartedAt !== undefined;
  if (verdict === "bad" && !done) return { kind: "rollback", reason };
  if (paused !== undefined) {
    return { kind: "hold", reason: paused, remedies: ["continue", "roll back"] };
  }
  if (verdict === "bad") {
    return {
      kind: "hold",
      reason: `${reason}, and stable already runs this release completely`,
      remedies: ["roll back"],
    };
  }
  if (stepStartedAt === undefined) {
    const remedies = ["approve", "roll back"] as const;
    if (step.approval && !approved) return { kind: "hold", reason: `${name} needs a person's approval`, remedies };
    if (needsGood && verdict !== "good")
      return {
        kind: "hold",
        reason: `it has not been judged good yet: ${reason}`,
        remedies: needsDecision ? remediesIfBroken : remedies,
      };
    return { kind: "enter" };
  }
  const lasted = (now - Date.parse(stepStartedAt)) / 1000;
  if (checks.length > 0 && !checked) {
    const isOver = limit !== undefined && lasted >= limit;
    if (failedChecks !== undefined && isOver) {
      return { kind: "hold", reason: failedChecks, remedies: ["try again", "roll back"] };
    }
    return { kind: "check", names: checks };
  }
  return nextInForce(judgment, lasted);
}
