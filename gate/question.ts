/** Asks the gate, with the same question in the program and in its hooks. */

import type { StackState } from "../components/history.ts";
import type { Track } from "../components/traffic.ts";
import { isComplete, type Live, releaseOf, runs } from "../live/live.ts";
import { type Admission, decideAdmission, type Question } from "./gate.ts";
import { ran } from "./stack-state.ts";

/** What the program knows before anything is registered, or a hook just before a change. */
export interface Known extends Pick<Question, "service" | "namespace" | "record" | "stableHasHistory"> {
  readonly deployments: Live["deployments"];
  /** The stack's state when the program ran. */
  readonly own: StackState | undefined;
  /** Whether this `up` will still change canary to the release. */
  readonly canaryIsComing: boolean;
  /** The reason of a break-glass override (GRAY_BREAK_GLASS). */
  readonly breakGlass: string | undefined;
  /** The epoch of the driver that runs this `up` (GRAY_EPOCH). */
  readonly epoch: number | undefined;
}

/** The gate's answer whether a track may change to a release. @param release the release's id */
export function askGate(known: Known, track: Track, release: string): Admission {
  const { service, namespace, deployments, own, canaryIsComing, record, stableHasHistory, breakGlass, epoch } = known;
  const deployment = deployments[track];
  const lost = record.kind === "read" ? record.lost?.[release] : undefined;
  return decideAdmission({
    service,
    namespace,
    track,
    release,
    live: releaseOf(deployment),
    complete: deployment !== undefined && isComplete(deployment),
    ran: ran(track, record, own),
    record: lost ?? record,
    stableHasHistory,
    canary: runs(deployments.canary, release) ? "available" : canaryIsComing ? "coming" : "not-available",
    breakGlass,
    epoch,
  });
}
