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
  const judged = another(before.verdict, after.verdict);
  if (judged) add("verdict", inWords(`judged ${judged.verdict} by`, judged));
  const approved = another(was.approved, is.approved);
  if (approved) add("approval", inWords("approved by", approved));
  const broken = another(was.stableIsBroken, is.stableIsBroken);
  if (broken) add("approval", inWords("canary's own rates decide while stable is broken, by", broken));
  const rollback = another(was.rollbackRequested, is.rollbackRequested);
  if (rollback) add("rollbackRequested", inWords(`rolling back to ${is.from}, by`, rollback));
  const paused = another(was.paused, is.paused);
  if (paused) add("pause", inWords("paused by", paused));
  else if (was.paused && !is.paused) add("resume", "resumed");
  if (was.effect && was.effect.at !== is.effect?.at) add("effect", `ended: ${was.effect.name}`);
  const stopped = another(was.stoppedReason, is.stoppedReason);
  if (stopped) add("hold", `the driver stopped while the rollout holds: ${stopped.reason}`);
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

/** A decision, if it was not there before. */
function another<D extends Pick<Decision, "at">>(was: D | undefined, is: D | undefined): D | undefined {
  return is?.at === was?.at ? undefined : is;
}

function inWords(what: string, { by, reason }: Pick<Decision, "by" | "reason">): string {
  return `${what} ${by}: ${reason}`;
}
