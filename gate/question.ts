/** Builds the gate's question, in the same way for the program and for its hooks. */

import type { StackState } from "../components/history.ts";
import { isComplete, type Live, releaseOf, runs } from "../live/live.ts";
import type { Question } from "./gate.ts";
import { ran } from "./stack-state.ts";

/** What the program knows before anything is registered, or a hook just before a change. */
export type Known = Pick<
  Question,
  "service" | "track" | "release" | "record" | "stableHasHistory" | "breakGlass" | "epoch"
> & {
  readonly deployments: Live["deployments"];
  /** The stack's state when the program ran. */
  readonly own: StackState | undefined;
  /** Whether this `up` will still change canary to the release. */
  readonly canaryIsComing: boolean;
};

/** The question for the gate. */
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
