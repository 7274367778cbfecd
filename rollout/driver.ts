/** Drives a rollout to its end: what happens next, and in which order. */
import type { Track } from "../components/traffic.ts";
import { isUnavailable } from "../kubernetes/answer.ts";
import { byDriver, byEvidence } from "../record/verdict-merge.ts";
import { assertNotStuck, besides, cutOffUsers, effect, Stuck, untilCut, untilDone, watch } from "./effect.ts";
import { type Judgment, type Move, nameOf, next } from "./next.ts";
import { cutOff, type Decision, inNextStep, positionOf, type Rollout } from "./rollout.ts";
import { type Entry, RecordGone, type RolloutStore } from "./rollout-store.ts";
import {
  alertMilliseconds,
  answered,
  askedBeside,
  pause,
  pollMilliseconds,
  RollsBack,
  read,
  readPatiently,
  rollbackNow,
  Stopped,
  usersOnCanary,
  write,
  writeInStep,
} from "./waiting.ts";

/** What the driver does to the world. Each may be done again after it was done, or half done. */
export interface Actuator {
  /** Brings canary and the front to the release and the weight that the record says. */
  bringCanary(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /** Brings stable to the release that the record says. */
  bringStable(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /** Whether stable runs a release, every pod of it, with nothing in its pod template that is known to be another. */
  stableRuns(release: string): Promise<boolean>;
  /** Why a track will not come to run its release, as far as the cluster can tell; undefined where nothing is against it. */
  cannotSucceed(track: Track, rollout: Rollout): Promise<string | undefined>;
  /** Makes checks. @returns why they did not pass, in words for a person */
  check(names: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Takes all users off canary, at once. Done twice it is done once.
   *
   * @param epoch number of the driver: nothing is done where the record says that a newer one drives
   * @returns whether users are off canary: where nothing but canary serves they are left there
   * @throws Superseded then; Refusal or ApiError where users may still meet canary
   */
  cut(epoch: number): Promise<boolean>;
  /** Keeps what canary's pods have to say, and lets them go, so that connections end which a cut leaves open. */
  drainCanary(rollout: Rollout): Promise<void>;
}

/** Who looks at both tracks while the driver drives. */
export interface EvidenceObserver {
  /** What is known of the release now. Begins to look where there is something to see. */
  judgment(entry: Entry): Judgment;
  /** Why canary was cut since it was last asked, or is cut though the record says otherwise. */
  takeCut(entry: Entry): string | undefined;
}

/** Whoever is told how it goes: a person, a machine, the cluster's Events. */
export interface Reporter {
  /** What happens now; said anew only when it is another. */
  now(rollout: Rollout, move: Move): void;
  /** What a person is to know besides, a whole sentence. */
  note(sentence: string): void;
}

export interface DriveContext {
  readonly store: RolloutStore;
  readonly actuator: Actuator;
  readonly observer: EvidenceObserver;
  readonly reporter: Reporter;
  /** Whether to end where it holds, instead of waiting for a person. */
  readonly leavesHolding: boolean;
  /** Ends the driving; the traffic stays as it is. A cut that has begun is brought to its end first. */
  readonly signal: AbortSignal;
  /** Whether users are off canary, and the rollout on its way back. @default false */
  readonly isReturning?: boolean;
  /** Whether stable runs what it ran before, on the way back. @default false */
  readonly isStableBack?: boolean;
}

/** What driving came to. */
export type End =
  | { readonly kind: "promoted" }
  | { readonly kind: "undone"; readonly reason: string }
  | { readonly kind: "held"; readonly reason: string }
  | { readonly kind: "stopped" };

/**
 * Drives a rollout to its end, or to where it holds. Where its record is gone users are taken off canary first, because no driver
 * can go on with it.
 *
 * @throws Superseded as soon as somebody else drives it; RecordGone
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
  const off = await untilCut(() => actuator.cut(store.epoch), reporter.note);
  const users = off ? "all users are on stable" : "users stay on canary, because nothing else serves them";
  reporter.note(`The record of the rollout is gone: ${users}.`);
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
 * Takes users off canary where evidence is bad and the rollout cannot be driven, as without its lease.
 *
 * @returns whether it was so
 * @throws Superseded where another driver has the rollout
 */
export async function protectUsers(context: DriveContext): Promise<boolean> {
  if (rollbackNow(context) === undefined) return false;
  await cutOffUsers(context, (rollout) => ({ ...rollout, weight: 0 }));
  return true;
}

async function walk(context: DriveContext): Promise<End> {
  const checks: Checks = { failed: undefined };
  for (;;) {
    try {
      const end = await step(context, checks);
      if (end) return end;
    } catch (error) {
      // The record cannot be asked, and does not have to be: what was last read of it says enough.
      const { latest } = context.store;
      if (!(error instanceof RollsBack) || latest === undefined) throw error;
      return rollBack(context, latest.rollout, error.message);
    }
  }
}

/** Why the present step's checks failed when they were last made. */
interface Checks {
  failed: string | undefined;
}

/** The next move, made. @returns what the driving came to, where that was its end */
async function step(context: DriveContext, checks: Checks): Promise<End | undefined> {
  const { observer, reporter, leavesHolding } = context;
  const { entry, waited } = await readPatiently(context);
  const { rollout } = entry;
  // A check that failed in a silence says nothing of canary.
  if (waited) checks.failed = undefined;
  const cut = observer.takeCut(entry);
  if (cut !== undefined) {
    // Done once more, because an up that was under way may have written the weight again.
    await cutOffUsers(context, (each) => cutOff(each, decisionOf(cut)));
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
  if ((move.kind === "observe" || move.kind === "check") && isAhead(rollout)) {
    await writeInStep(context, rollout.step, (each) =>
      isAhead(each) ? { ...each, stepStartedAt: new Date().toISOString() } : each,
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
      await pause(context, pollMilliseconds);
      return undefined;
    case "observe":
      await pause(context, alertMilliseconds);
      return undefined;
  }
}

/** Whether a clock that was ahead of this one wrote when the step began: its time would last longer by as much. */
function isAhead({ stepStartedAt }: Rollout): boolean {
  return stepStartedAt !== undefined && Date.parse(stepStartedAt) > Date.now();
}

/** Brings what the present step is about. Canary that does not come up ends the rollout; stable goes back, and it holds. */
async function enter(context: DriveContext, { steps, step: at, from }: Rollout): Promise<void> {
  const { actuator } = context;
  const step = steps[at];
  if (step === undefined) return;
  const isFull = step.stage === "full";
  const came = await effect(context, {
    name: nameOf(step),
    track: isFull ? "stable" : "canary",
    to: (rollout) => ({
      ...rollout,
      ...(step.stage !== "full" && { weight: step.stage === "dark" ? 0 : step.weight }),
      runs: { canary: rollout.release, stable: isFull ? rollout.release : rollout.from },
    }),
    run: (rollout, signal) => (isFull ? actuator.bringStable : actuator.bringCanary).call(actuator, rollout, signal),
  });
  if (came.kind === "interrupted") return;
  if (came.kind === "done") {
    const stepStartedAt = new Date().toISOString();
    await writeInStep(context, at, (rollout) => ({ ...rollout, stepStartedAt }));
  } else if (isFull) {
    const reason = `stable did not come to run it and went back: ${came.reason}`;
    const stands = await askedBeside(context, () => actuator.stableRuns(from));
    // In one word: whoever goes on after a crash takes stable back as well, and then holds.
    await write(context, (rollout) => ({ ...held(rollout, reason), ...(!stands && { fastRollback: true }) }));
  } else if (came.cannotSucceed) {
    await write(context, (rollout) => ({
      ...rollout,
      rollbackRequested: rollout.rollbackRequested ?? decisionOf(came.reason),
    }));
  } else {
    await writeInStep(context, at, (rollout) => held(rollout, came.reason));
  }
}

/** Ends where it holds; the record says why, for whoever looks later. */
async function leave(context: DriveContext, reason: string): Promise<End> {
  await write(context, (rollout) => (rollout.paused ? rollout : { ...rollout, stoppedReason: decisionOf(reason) }));
  return { kind: "held", reason };
}

/** Ends where an effect is stuck; evidence that turns bad meanwhile goes first. */
async function leaveStuck(context: DriveContext, stuck: Stuck): Promise<End> {
  try {
    return await leave(stuck.context, stuck.message);
  } catch (error) {
    if (error instanceof RollsBack) return driveRecorded(context);
    if (error instanceof Stopped) return { kind: "stopped" };
    throw error;
  }
}

/** Held by the driver, which has given up what it was doing. */
function held({ effect: _, ...rollout }: Rollout, reason: string): Rollout {
  return { ...rollout, paused: rollout.paused ?? decisionOf(reason) };
}

/** @returns why the checks failed; what could not be asked is a failed check */
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
    failed = (error as Error).message.replace(/\.$/, "");
  } finally {
    over.abort();
    await watching;
  }
  if (failed === undefined) await writeInStep(context, step, (rollout) => ({ ...rollout, checked: true }));
  else await pause(context, pollMilliseconds);
  return failed;
}

/**
 * The rollback: users first, then what is to be known of the release, then everything in line with what stable ran before.
 * Begun again, it goes through all of it once more.
 */
async function rollBack(context: DriveContext, begun: Rollout, reason: string): Promise<End> {
  const { actuator } = context;
  const { release, from } = begun;
  const rollbackRequested = begun.rollbackRequested ?? { by: byEvidence, reason, at: new Date().toISOString() };
  const back = (rollout: Rollout): Rollout => ({
    ...rollout,
    rollbackRequested: rollout.rollbackRequested ?? rollbackRequested,
    weight: 0,
    runs: { canary: from, stable: from },
  });
  const off = await cutOffUsers(context, back);
  const returning = { ...context, isReturning: true };
  await besides(returning, { name: "scale canary to zero", to: back, run: (rollout) => actuator.drainCanary(rollout) });
  await rollStableBack(returning);
  // Stable serves by now.
  if (!off) await cutOffUsers(context, back);
  const left = await rollCanaryBack({ ...returning, isStableBack: true });
  const why = left === undefined ? reason : `${reason}; canary does not come back: ${left}`;
  const ended = { ...endOf(begun), outcome: "undone" as const, reason: why };
  await answered(returning, () => context.store.close(ended, { [release]: from }));
  return { kind: "undone", reason: why };
}

/**
 * Canary to what stable runs, with the weight of the program. Canary whose pods cannot come up does not keep the rollback from its
 * end: users are on stable.
 *
 * @returns why it does not come back
 */
async function rollCanaryBack(context: DriveContext): Promise<string | undefined> {
  const { actuator } = context;
  const what = {
    name: "canary back",
    to: withOwnWeight,
    run: (rollout: Rollout, signal: AbortSignal) => actuator.bringCanary(rollout, signal),
  };
  for (;;) {
    const came = await effect(context, { ...what, track: "canary" });
    if (came.kind !== "failed") return undefined;
    if (came.cannotSucceed) return came.reason;
    assertNotStuck(context, what, came.reason);
    context.reporter.note(`${what.name}: ${came.reason}. Trying again.`);
  }
}

/**
 * Stable to what it ran when the rollout began: with all pods at once, and then under its own rolling settings again. The
 * record says `urgent` until both are done, whether true or false.
 * It is left where it is as soon as the rollout has to roll back.
 */
async function rollStableBack(context: DriveContext): Promise<void> {
  const { rollout } = await read(context);
  const stands = await askedBeside(context, () => context.actuator.stableRuns(rollout.from));
  if (stands && rollout.fastRollback === undefined) return;
  for (const fastRollback of [true, false]) {
    const what = {
      name: fastRollback ? "stable back" : "stable's rolling settings",
      to: (each: Rollout) => ({ ...each, fastRollback, runs: { ...each.runs, stable: each.from } }),
      run: (each: Rollout, signal: AbortSignal) => context.actuator.bringStable(each, signal),
      track: "stable" as const,
    };
    if (!(await untilDone(context, what))) return;
  }
  await write(context, ({ fastRollback: _, ...each }) => each);
}

/** Everybody has it: the weight is the program's again. @returns nothing where a person had another word meanwhile */
async function finish(context: DriveContext, rollout: Rollout): Promise<End | undefined> {
  const what = {
    name: "the weight of the program",
    to: withOwnWeight,
    run: (each: Rollout, signal: AbortSignal) => context.actuator.bringCanary(each, signal),
  };
  if (!(await untilDone(context, what))) return undefined;
  const ended = { ...endOf(rollout), outcome: "promoted" as const, reason: "every step was passed" };
  const closed = await answered(context, () => context.store.close(ended));
  return closed ? { kind: "promoted" } : undefined;
}

function withOwnWeight({ weight: _, ...rollout }: Rollout): Rollout {
  return rollout;
}

function endOf({ release, from, began, by }: Rollout) {
  return { release, from, began, by, ended: new Date().toISOString() };
}

function decisionOf(reason: string): Decision {
  return { by: byDriver, reason, at: new Date().toISOString() };
}
