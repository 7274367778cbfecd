import type { StackState } from "../components/history.ts";
import { isComplete, type Live, releaseOf, runs } from "../live/live.ts";
import type { Question } from "./gate.ts";
import { ran } from "./stack-state.ts";

/** What program and hook know when they ask the gate; the one looks before anything is registered, the other last. */
export type Known = Pick<
  Question,
  "service" | "track" | "release" | "record" | "stableHasHistory" | "breakGlass" | "epoch"
> & {
  readonly deployments: Live["deployments"];
  /** What the stack remembered when the program ran. */
  readonly own: StackState | undefined;
  /** Whether this `up` still brings canary to the release. */
  readonly canaryIsComing: boolean;
};

/** The question to the gate, from what is known: both who ask it ask the same. */
export function questionOf({ deployments, own, canaryIsComing, ...known }: Known): Question {
  const deployment = deployments[known.track];
  return {
    ...known,
    live: releaseOf(deployment),
    complete: deployment !== undefined && isComplete(deployment),
    ran: ran(known.track, known.record, own),
    canary: runs(deployments.canary, known.release) ? "available" : canaryIsComing ? "coming" : "not-available",
  };
}
