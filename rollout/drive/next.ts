import { span } from "../../analysis/words.ts";
import type { FullyWritten } from "../../components/step.ts";

/** Where a rollout stands; part of the record. */
export interface Position {
  readonly steps: readonly FullyWritten[];
  /** Index of the present step. */
  readonly step: number;
  /** When what the step brings was in force: its weight, or stable running the release completely; ISO 8601. Absent before. */
  readonly entered?: string;
  /** The step's checks have passed. */
  readonly checked?: boolean;
  /** A person has approved the step. */
  readonly approved?: boolean;
  /** Why a person holds it. */
  readonly paused?: string;
  /** Why it goes back: a person's word, or bad evidence. Once set it stays. */
  readonly ending?: string;
}

/** What is known of the release now: the latest evidence, or a person's word where there is one. */
export interface Standing {
  readonly verdict: "good" | "bad" | "undecided";
  readonly because: string;
  /** Why the step's checks failed when they were last made. */
  readonly failedChecks?: string;
}

/** What the driver does next: at most one effect. */
export type Move =
  /** Cut canary off the users and go back to what stable ran. */
  | { readonly kind: "retreat"; readonly because: string }
  /** Leave everything as it is, and look on. */
  | { readonly kind: "hold"; readonly because: string }
  /** Bring what the step is about: its weight, or stable to the release. */
  | { readonly kind: "enter" }
  /** Make the step's checks. */
  | { readonly kind: "check"; readonly names: readonly string[] }
  /** Wait for more evidence, or for time to pass. */
  | { readonly kind: "observe"; readonly because: string }
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
export function next(position: Position, { verdict, because, failedChecks }: Standing, now: number): Move {
  const { steps, step: at, entered, checked, approved, paused, ending } = position;
  const step = steps[at];
  if (ending !== undefined) return { kind: "retreat", because: ending };
  if (step === undefined) return { kind: "finish" };
  const done = step.stage === "full" && entered !== undefined;
  if (verdict === "bad" && !done) return { kind: "retreat", because };
  if (paused !== undefined) return { kind: "hold", because: paused };
  if (verdict === "bad") {
    return { kind: "hold", because: `${because}, and stable runs it completely already: gray undo takes it back` };
  }
  if (entered === undefined) {
    if (step.approval && !approved) return { kind: "hold", because: `${nameOf(step)} needs a person's approval` };
    if (step.stage === "full" && verdict !== "good")
      return { kind: "hold", because: `it has no good verdict: ${because}` };
    return { kind: "enter" };
  }
  const lasted = (now - Date.parse(entered)) / 1000;
  if (step.stage === "full") {
    return lasted < step.watch
      ? { kind: "observe", because: `watching for another ${span(step.watch - lasted)}` }
      : { kind: "finish" };
  }
  if (step.checks.length > 0 && !checked) {
    if (failedChecks !== undefined && lasted >= step.atMost) return { kind: "hold", because: failedChecks };
    return { kind: "check", names: step.checks };
  }
  if (step.stage === "dark") return { kind: "advance" };
  if (verdict === "good" && lasted >= step.atLeast) return { kind: "advance" };
  if (verdict !== "good" && lasted >= step.atMost) {
    return { kind: "hold", because: `no decision within ${span(step.atMost)}: ${because}` };
  }
  return { kind: "observe", because };
}

/** What people call a step. */
export function nameOf(step: FullyWritten): string {
  return step.stage === "canary" ? `canary at ${step.weight} %` : step.stage;
}
