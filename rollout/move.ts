/** What a driver does next, and the verdict that decides it. */
import type { Remedy } from "./remedy.ts";

/** The current verdict on the release, from evidence or a person. */
export interface Judgment {
  readonly verdict: "good" | "bad" | "undecided";
  readonly reason: string;
  /** Whether canary is good by its own rates, and only a person's decision that stable is broken is missing. @default false */
  readonly needsDecision?: boolean;
  /** Why the step's checks failed last time. */
  readonly failedChecks?: string;
}

/** The rollout waits for a person: leave everything as it is, and go on observing. */
export interface Hold {
  readonly kind: "hold";
  readonly reason: string;
  /** What a person can do about it, the most likely first. Absent if the reason says so. */
  readonly remedies?: readonly Remedy[];
  /** Name of the effect that goes on failing. @default the rollout holds for another reason */
  readonly failing?: string;
}

/** The driver's next move: at most one effect. */
export type Move =
  /** Cut off canary and roll back to stable's former release. */
  | { readonly kind: "rollback"; readonly reason: string }
  | Hold
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
