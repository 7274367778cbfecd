import type { Verdict } from "../record/record.ts";
import { nameOf } from "./next.ts";
import type { Decision, Rollout } from "./rollout.ts";

/** What the record says of a rollout at one moment. */
export interface Page {
  readonly rollout: Rollout;
  /** Of its release. */
  readonly verdict: Verdict | undefined;
}

/** Something that is another than it was. */
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

/** What happened between two looks at the same rollout, in the order in which a person tells it. */
export function happenings(before: Page, after: Page): TimelineEvent[] {
  const [was, is] = [before.rollout, after.rollout];
  const all: TimelineEvent[] = [];
  const add = (kind: TimelineEvent["kind"], reason: string) => all.push({ kind, reason });
  if (was.epoch !== is.epoch) add("driver", "another driver goes on with it");
  if (isAnother(before.verdict, after.verdict)) add("verdict", inWords("judged", after.verdict));
  if (isAnother(was.approved, is.approved)) add("approval", inWords("approved by", is.approved));
  if (isAnother(was.rollbackRequested, is.rollbackRequested))
    add("rollbackRequested", inWords(`going back to ${is.from}, by`, is.rollbackRequested));
  if (isAnother(was.paused, is.paused)) add("pause", inWords("paused by", is.paused));
  else if (was.paused && !is.paused) add("resume", "not paused any more");
  if (was.effect && was.effect.at !== is.effect?.at) add("effect", `ended: ${was.effect.name}`);
  if (isAnother(was.stoppedReason, is.stoppedReason)) add("hold", `left holding: ${is.stoppedReason?.reason}`);
  if (was.step !== is.step) add("step", `${stepOf(is)} comes next`);
  if (is.effect && was.effect?.at !== is.effect.at) add("effect", `began: ${is.effect.name}`);
  if (is.stepStartedAt !== undefined && (was.step !== is.step || was.stepStartedAt === undefined)) {
    add("step", `${stepOf(is)} is in force`);
  }
  if (is.checked && !was.checked) add("step", `${stepOf(is)}: its checks passed`);
  return all;
}

/** `step 2 of 3, canary at 10 %`. */
export function stepOf({ steps, step: at }: Rollout): string {
  const step = steps[at];
  return step ? `step ${at + 1} of ${steps.length}, ${nameOf(step)}` : "the end of its steps";
}

/** Whether there is a word that was not there before. */
function isAnother(was: Pick<Decision, "at"> | undefined, is: Pick<Decision, "at"> | undefined): boolean {
  return is !== undefined && is.at !== was?.at;
}

function inWords(what: string, decision: (Pick<Decision, "by" | "reason"> & { verdict?: string }) | undefined): string {
  const judged = decision?.verdict ? `${decision.verdict} by ` : "";
  return `${what} ${judged}${decision?.by}: ${decision?.reason}`;
}
