import { span } from "../analysis/format.ts";
import type { FullyWritten } from "../components/step.ts";

/** Where a rollout stands; part of the record. */
export interface Position {
  readonly steps: readonly FullyWritten[];
  /** Index of the present step. */
  readonly step: number;
  /** When what the step brings was in force: its weight, or stable running the release completely; ISO 8601. Absent before. */
  readonly stepStartedAt?: string;
  /** The step's checks have passed. */
  readonly checked?: boolean;
  /** A person has approved the step. */
  readonly approved?: boolean;
  /** Why a person holds it. */
  readonly paused?: string;
  /** Why it goes back: a person's word, or bad evidence. Once set it stays. */
  readonly rollbackRequested?: string;
}

/** What is known of the release now: the latest evidence, or a person's word where there is one. */
export interface Judgment {
  readonly verdict: "good" | "bad" | "undecided";
  readonly reason: string;
  /** Why the step's checks failed when they were last made. */
  readonly failedChecks?: string;
}

/** What the driver does next: at most one effect. */
export type Move =
  /** Cut canary off the users and go back to what stable ran. */
  | { readonly kind: "rollback"; readonly reason: string }
  /** Leave everything as it is, and look on. */
  | { readonly kind: "hold"; readonly reason: string }
  /** Bring what the step is about: its weight, or stable to the release. */
  | { readonly kind: "enter" }
  /** Make the step's checks. */
  | { readonly kind: "check"; readonly names: readonly string[] }
  /** Wait for more evidence, or for time to pass. */
  | { readonly kind: "observe"; readonly reason: string }
  /** On to the next step. */
  | { readonly kind: "advance" }
  /** The rollout has come to its end. */
  | { readonly kind: "finish" };

/**
 * What happens next in a rollout.
 *
 * 1. One that goes back goes back, whatever comes.
 * 2. Bad evidence ends it: retreat, also while stable rolls. Once stable runs the release completely there is nothing left
 *    to compare it with, so then it holds and asks.
 * 3. A pause holds, whatever the evidence says, except 1 and 2, and longer than any deadline.
 * 4. A step that a person has to approve waits for that before it begins. Stable changes only for a release that is good.
 * 5. A step's checks have to pass; what fails is tried again until its time is up, then it holds.
 * 6. Stage dark is passed with its checks; stage canary when the release is good and the least time is over.
 * 7. A step that ran its full time undecided holds and asks.
 * 8. The last step is passed when it was watched long enough.
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
    return { kind: "hold", reason: `${reason}, and stable runs it completely already: gray undo takes it back` };
  }
  if (stepStartedAt === undefined) {
    if (step.approval && !approved) return { kind: "hold", reason: `${nameOf(step)} needs a person's approval` };
    if (step.stage === "full" && verdict !== "good")
      return { kind: "hold", reason: `it has no good verdict: ${reason}` };
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

/** What people call a step. */
export function nameOf(step: FullyWritten): string {
  return step.stage === "canary" ? `canary at ${step.weight} %` : step.stage;
}
