/** Decides the next move of a rollout; pure. */
import { span } from "../analysis/format.ts";
import type { ResolvedStep } from "../components/step.ts";

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

/** The current verdict on the release, from evidence or a person. */
export interface Judgment {
  readonly verdict: "good" | "bad" | "undecided";
  readonly reason: string;
  /** Why the step's checks failed last time. */
  readonly failedChecks?: string;
}

/** The driver's next move: at most one effect. */
export type Move =
  /** Cut off canary and roll back to stable's former release. */
  | { readonly kind: "rollback"; readonly reason: string }
  /** Leave everything as it is, and go on observing. */
  | { readonly kind: "hold"; readonly reason: string }
  /** Bring the step into force: set its weight, or roll stable to the release. */
  | { readonly kind: "enter" }
  /** Run the step's checks. */
  | { readonly kind: "check"; readonly names: readonly string[] }
  /** Wait for more evidence, or for time to pass. */
  | { readonly kind: "observe"; readonly reason: string }
  /** Go to the next step. */
  | { readonly kind: "advance" }
  /** End the rollout: every step was passed. */
  | { readonly kind: "finish" };

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
 * 7. A step that ran its full time undecided holds and asks.
 * 8. The last step is passed when it was observed for long enough.
 *
 * @param now in milliseconds since the epoch
 */
export function next(position: Position, { verdict, reason, failedChecks }: Judgment, now: number): Move {
  const { steps, step: at, stepStartedAt, checked, approved, paused, rollbackRequested } = position;
  const step = steps[at];
  if (rollbackRequested !== undefined) return { kind: "rollback", reason: rollbackRequested };
  if (step === undefined) return { kind: "finish" };
  const done = step.stage === "full" && stepStartedAt !== undefined;
  if (verdict === "bad" && !done) return { kind: "rollback", reason };
  if (paused !== undefined) return { kind: "hold", reason: paused };
  if (verdict === "bad") {
    return { kind: "hold", reason: `${reason}, and stable runs it completely already: roll it back with gray undo` };
  }
  if (stepStartedAt === undefined) {
    if (step.approval && !approved) return { kind: "hold", reason: `${nameOf(step)} needs a person's approval` };
    if (step.stage === "full" && verdict !== "good")
      return { kind: "hold", reason: `it has not been judged good yet: ${reason}` };
    return { kind: "enter" };
  }
  const lasted = (now - Date.parse(stepStartedAt)) / 1000;
  if (step.stage === "full") {
    return lasted < step.watch
      ? { kind: "observe", reason: `watching for another ${span(step.watch - lasted)}` }
      : { kind: "finish" };
  }
  if (step.checks.length > 0 && !checked) {
    if (failedChecks !== undefined && lasted >= step.atMost) return { kind: "hold", reason: failedChecks };
    return { kind: "check", names: step.checks };
  }
  if (step.stage === "dark") return { kind: "advance" };
  if (verdict === "good" && lasted >= step.atLeast) return { kind: "advance" };
  if (verdict !== "good" && lasted >= step.atMost) {
    return { kind: "hold", reason: `no decision within ${span(step.atMost)}: ${reason}` };
  }
  return { kind: "observe", reason };
}

/**
 * The name of a step, for the user.
 *
 * @example nameOf({ stage: "canary", weight: 10, ... }) // "canary at 10 %"
 */
export function nameOf(step: ResolvedStep): string {
  return step.stage === "canary" ? `canary at ${step.weight} %` : step.stage;
}
