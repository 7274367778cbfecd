/** Drives a rollout to its end: makes one move after the other. */
import { clauseOf } from "../components/user-error.ts";
import { isUnavailable } from "../kubernetes/answer.ts";
import { byDriver } from "../record/verdict-merge.ts";
import type { DriveContext } from "./drive-context.ts";
import { effect, Stuck, untilDone, watch } from "./effect.ts";
import { type End, endedEntry } from "./end.ts";
import { Follower } from "./follower.ts";
import { next } from "./next.ts";
import { rollBack, rollStableBack } from "./rollback.ts";
import { cutOff, type Decision, inNextStep, positionOf, type Rollout, withOwnWeight } from "./rollout.ts";
import { RecordGone } from "./rollout-store.ts";
import { behaviourOf } from "./stage.ts";
import { cutOffUsers, untilCutOff } from "./user-cutoff.ts";
import {
  alertMilliseconds,
  answered,
  answeredBesideRecord,
  pause,
  pollMilliseconds,
  RollsBack,
  readPatiently,
  rollbackNow,
  Stopped,
  usersOnCanary,
  write,
  writeInStep,
} from "./waiting.ts";

/**
 * Drives a rollout to its end, or until it holds. If its record is deleted, users are moved off canary first, because
 * no driver can continue it.
 *
 * @throws Superseded as soon as another driver takes over; RecordGone if the record was deleted
 */
export async function drive(context: DriveContext): Promise<End> {
  try {
    return await driveRecorded(context);
  } catch (error) {
    if (error instanceof RecordGone && usersOnCanary(context)) await cutWithoutRecord(context);
    throw error;
  }
}

async function cutWithoutRecord({ actuator, store, reporter }: DriveContext): Promise<void> {
  const off = await untilCutOff(() => actuator.cutOff(store.epoch), reporter.note);
  const canary = off ? "canary is cut off" : "canary goes on serving, because no pod of stable is ready";
  reporter.note(`The record of the rollout was deleted: ${canary}.`);
}

async function driveRecorded(context: DriveContext): Promise<End> {
  try {
    return await walk(context);
  } catch (error) {
    if (error instanceof Stopped) return { kind: "stopped" };
    if (error instanceof Stuck) return leaveStuck(context, error);
    throw error;
  }
}

/**
 * Moves users off canary if the evidence is bad while the rollout cannot be driven, for example without its lease.
 *
 * @returns whether it did so
 * @throws Superseded if another driver has taken over
 */
export async function protectUsers(context: DriveContext): Promise<boolean> {
  if (rollbackNow(context) === undefined) return false;
  await cutOffUsers(context, (rollout) => ({ ...rollout, weight: 0 }));
  return true;
}

async function walk(context: DriveContext): Promise<End> {
  const checks: Checks = { failed: undefined };
  const follower = new Follower();
  for (;;) {
    try {
      const end = await step(context, checks, follower);
      if (end) return end;
    } catch (error) {
      // The record cannot be read, and need not be: its last read state suffices.
      const { latest } = context.store;
      if (!(error instanceof RollsBack) || latest === undefined) throw error;
      return rollBack(context, latest.rollout, error.message);
    }
  }
}

/** Why the current step's checks failed last time. */
interface Checks {
  failed: string | undefined;
}

/** Makes the next move. @returns how the driver ended; undefined to go on */
async function step(context: DriveContext, checks: Checks, follower: Follower): Promise<End | undefined> {
  const { observer, reporter, leavesHolding } = context;
  const { entry, waited } = await readPatiently(context);
  const { rollout } = entry;
  // A check that failed while the cluster was unavailable proves nothing about canary.
  if (waited) checks.failed = undefined;
  const cutoff = observer.takeCutoff(entry);
  if (cutoff !== undefined) {
    // Cut off again, because an `up` in progress may have written the weight again.
    await cutOffUsers(context, (each) => cutOff(each, decisionOf(cutoff)));
    return undefined;
  }
  const known = observer.judgment(entry);
  const judgment = checks.failed === undefined ? known : { ...known, failedChecks: checks.failed };
  const move = next(positionOf(rollout), judgment, Date.now());
  reporter.now(rollout, move);
  if (rollout.fastRollback !== undefined && move.kind !== "rollback") {
    await rollStableBack(context);
    return undefined;
  }
  if ((move.kind === "observe" || move.kind === "check") && startsInFuture(rollout)) {
    await writeInStep(context, rollout.step, (each) =>
      startsInFuture(each) ? { ...each, stepStartedAt: new Date().toISOString() } : each,
    );
    return undefined;
  }
  switch (move.kind) {
    case "enter":
      await enter(context, rollout);
      return undefined;
    case "check":
      checks.failed = await check(context, rollout.step, move.names);
      return undefined;
    case "advance":
      checks.failed = undefined;
      await writeInStep(context, rollout.step, inNextStep);
      return undefined;
    case "rollback":
      return rollBack(context, rollout, move.reason);
    case "finish":
      return finish(context, rollout);
    case "hold":
      if (leavesHolding) return leave(context, move.reason);
      await follower.follow(context, rollout);
      await pause(context, pollMilliseconds);
      return undefined;
    case "observe":
      await follower.follow(context, rollout);
      await pause(context, alertMilliseconds);
      return undefined;
  }
}

/**
 * Whether the step's start was written by a clock that is ahead of this one: the step would last longer by the
 * difference.
 */
function startsInFuture({ stepStartedAt }: Rollout): boolean {
  return stepStartedAt !== undefined && Date.parse(stepStartedAt) > Date.now();
}

/**
 * Brings the current step into force. If canary does not come up, the rollout ends; if stable does not, it is rolled
 * back and the rollout holds.
 */
async function enter(context: DriveContext, { steps, step: at, from }: Rollout): Promise<void> {
  const { actuator } = context;
  const step = steps[at];
  if (step === undefined) return;
  const { name, track, weight } = behaviourOf(step);
  const isFull = track === "stable";
  const result = await effect(context, {
    name,
    track,
    to: (rollout) => ({
      ...rollout,
      ...(weight !== undefined && { weight }),
      runs: { canary: rollout.release, stable: isFull ? rollout.release : rollout.from },
    }),
    run: (rollout, signal) => (isFull ? actuator.bringStable : actuator.bringCanary).call(actuator, rollout, signal),
  });
  if (result.kind === "interrupted") return;
  if (result.kind === "done") {
    const stepStartedAt = new Date().toISOString();
    await writeInStep(context, at, (rollout) => ({ ...rollout, stepStartedAt }));
  } else if (isFull) {
    const reason = `stable could not be brought to the release and is rolled back: ${result.reason}`;
    const isRestored = await answeredBesideRecord(context, () => actuator.stableRuns(from));
    // One write, so that the next driver after a crash also rolls stable back and then holds.
    await write(context, (rollout) => ({ ...held(rollout, reason), ...(!isRestored && { fastRollback: true }) }));
  } else if (result.cannotSucceed) {
    await write(context, (rollout) => ({
      ...rollout,
      rollbackRequested: rollout.rollbackRequested ?? decisionOf(result.reason),
    }));
  } else {
    await writeInStep(context, at, (rollout) => held(rollout, result.reason));
  }
}

/**
 * Ends while the rollout holds. The record gets the reason, unless it is the pause in it.
 *
 * @returns undefined if the rollout must roll back by now: the record may have been written late
 */
async function leave(context: DriveContext, reason: string): Promise<End | undefined> {
  await write(context, (rollout) => (rollout.paused ? rollout : stoppedFor(rollout, reason)));
  return rollbackNow(context) === undefined ? { kind: "held", reason } : undefined;
}

function stoppedFor(rollout: Rollout, reason: string): Rollout {
  return { ...rollout, stoppedReason: decisionOf(reason) };
}

/** Ends because an effect is stuck. Evidence that turns bad meanwhile has priority. */
async function leaveStuck(context: DriveContext, stuck: Stuck): Promise<End> {
  try {
    const reason = stuck.message;
    await write(stuck.context, (rollout) => stoppedFor(rollout, reason));
    return rollbackNow(stuck.context) === undefined ? { kind: "held", reason } : await driveRecorded(context);
  } catch (error) {
    if (error instanceof RollsBack) return driveRecorded(context);
    if (error instanceof Stopped) return { kind: "stopped" };
    throw error;
  }
}

/** The rollout, paused by the driver, which has given up its effect. */
function held({ effect: _, ...rollout }: Rollout, reason: string): Rollout {
  return { ...rollout, paused: rollout.paused ?? decisionOf(reason) };
}

/** Runs the checks. @returns why they failed, also if they could not be run */
async function check(context: DriveContext, step: number, names: readonly string[]): Promise<string | undefined> {
  const over = new AbortController();
  const watching = watch(context, over);
  let failed: string | undefined;
  try {
    failed = await context.actuator.check(names, AbortSignal.any([context.signal, over.signal]));
  } catch (error) {
    if (over.signal.aborted) return undefined;
    if (context.signal.aborted) throw new Stopped();
    if (!isUnavailable(error)) throw error;
    failed = clauseOf(error);
  } finally {
    over.abort();
    await watching;
  }
  if (failed === undefined) await writeInStep(context, step, (rollout) => ({ ...rollout, checked: true }));
  else await pause(context, pollMilliseconds);
  return failed;
}

/**
 * Ends a rollout after its last step: canary gets the program's weight again. @returns undefined if a person decided
 * otherwise meanwhile
 */
async function finish(context: DriveContext, rollout: Rollout): Promise<End | undefined> {
  const what = {
    name: "setting canary to the program's weight",
    to: withOwnWeight,
    run: (each: Rollout, signal: AbortSignal) => context.actuator.bringCanary(each, signal),
  };
  if (!(await untilDone(context, what))) return undefined;
  const ended = { ...endedEntry(rollout), outcome: "promoted" as const, reason: "every step was passed" };
  const closed = await answered(context, () => context.store.close(ended));
  return closed ? { kind: "promoted" } : undefined;
}

function decisionOf(reason: string): Decision {
  return { by: byDriver, reason, at: new Date().toISOString() };
}
