/** Derives the timeline of a rollout from successive reads of its record. */
import type { Verdict } from "../record/record.ts";
import type { Decision, Rollout } from "./rollout.ts";
import { behaviourOf } from "./stage.ts";

/** A snapshot of a rollout from the record. */
export interface Snapshot {
  readonly rollout: Rollout;
  /** The verdict on its release. */
  readonly verdict: Verdict | undefined;
}

/** A change between two reads of the rollout. */
export interface TimelineEvent {
  readonly kind:
    | "driver"
    | "step"
    | "effect"
    | "pause"
    | "resume"
    | "approval"
    | "rollbackRequested"
    | "verdict"
    | "hold";
  /** A sentence without its full stop. */
  readonly reason: string;
}

/** The events between two reads of the same rollout, in narrative order. */
export function timelineEvents(before: Snapshot, after: Snapshot): TimelineEvent[] {
  const [was, is] = [before.rollout, after.rollout];
  const all: TimelineEvent[] = [];
  const add = (kind: TimelineEvent["kind"], reason: string) => all.push({ kind, reason });
  if (was.epoch !== is.epoch) add("driver", "another driver has taken over");
  if (isAnother(before.verdict, after.verdict)) add("verdict", inWords("judged", after.verdict));
  if (isAnother(was.approved, is.approved)) add("approval", inWords("approved by", is.approved));
  if (isAnother(was.rollbackRequested, is.rollbackRequested))
    add("rollbackRequested", inWords(`rolling back to ${is.from}, by`, is.rollbackRequested));
  if (isAnother(was.paused, is.paused)) add("pause", inWords("paused by", is.paused));
  else if (was.paused && !is.paused) add("resume", "resumed");
  if (was.effect && was.effect.at !== is.effect?.at) add("effect", `ended: ${was.effect.name}`);
  if (isAnother(was.stoppedReason, is.stoppedReason))
    add("hold", `the driver stopped while the rollout holds: ${is.stoppedReason?.reason}`);
  if (was.step !== is.step) add("step", `${stepOf(is)} comes next`);
  if (is.effect && was.effect?.at !== is.effect.at) add("effect", `started: ${is.effect.name}`);
  if (is.stepStartedAt !== undefined && (was.step !== is.step || was.stepStartedAt === undefined)) {
    add("step", `${stepOf(is)} is in force`);
  }
  if (is.checked && !was.checked) add("step", `${stepOf(is)}: its checks passed`);
  return all;
}

/** The current step, for the user. @example stepOf(rollout) // "step 2 of 3, canary at 10 %" */
export function stepOf({ steps, step: at }: Rollout): string {
  const step = steps[at];
  return step ? `step ${at + 1} of ${steps.length}, ${behaviourOf(step).name}` : "the end of its steps";
}

/** Whether there is a decision that was not there before. */
function isAnother(was: Pick<Decision, "at"> | undefined, is: Pick<Decision, "at"> | undefined): boolean {
  return is !== undefined && is.at !== was?.at;
}

function inWords(what: string, decision: (Pick<Decision, "by" | "reason"> & { verdict?: string }) | undefined): string {
  const judged = decision?.verdict ? `${decision.verdict} by ` : "";
  return `${what} ${judged}${decision?.by}: ${decision?.reason}`;
}
