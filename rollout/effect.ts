/** How a driver does something to the world: noted in the record before and after, tried again, and given up where it may be. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Track } from "../components/traffic.ts";
import { isUnavailable } from "../kubernetes/answer.ts";
import { backoff } from "../kubernetes/backoff.ts";
import { Superseded } from "../record/epoch.ts";
import type { DriveContext } from "./driver.ts";
import type { Rollout } from "./rollout.ts";
import { RecordGone } from "./rollout-store.ts";
import {
  alertMilliseconds,
  askedBeside,
  hearing,
  isOfTheCluster,
  mayHaveUsers,
  pause,
  read,
  readPatiently,
  rollbackBy,
  rollbackNow,
  Stopped,
  usersOnCanary,
  write,
} from "./waiting.ts";

/** Milliseconds before something is tried again that Pulumi could not do. */
const againMilliseconds = 5000;
/** Looks at the record, while something is done, of which the last one asks as well whether the track will come. */
const looksPerQuestion = 4;
/** Answers by which an effect may fail before it is given up. */
const attempts = 3;
/** Milliseconds between two attempts to cut: from the first on they grow, and no longer than the second does a user wait. */
const cutPauses = { first: 100, most: 1000 };
/** Milliseconds for which a cut waits for its note in the record. */
const noteMilliseconds = 250;
/** Attempts of a cut that are each told; of further ones at most one a second is. */
const cutAttemptsReported = 10;

/** Something that is done to the world. */
export interface Effect {
  /** What people call it. */
  readonly name: string;
  /** What the record says from then on, before it is done. */
  readonly to: (rollout: Rollout) => Rollout;
  readonly run: (rollout: Rollout, signal: AbortSignal) => Promise<void>;
  /** The track whose release it brings. @default none */
  readonly track?: Track;
}

export type Outcome =
  | { readonly kind: "done" }
  /** The rollout has to roll back, or another driver has it. */
  | { readonly kind: "interrupted" }
  | Failure;

interface Failure {
  readonly kind: "failed";
  readonly reason: string;
  /** Whether the cluster says that the track will not come to run its release. */
  readonly cannotSucceed: boolean;
  /** Whether the cluster answered: what fails in a silence is no failure of the effect. */
  readonly answered: boolean;
}

/**
 * An effect that is given up where the rollout has to roll back, where the cluster says that the track will not come to run
 * its release, or where it failed by three answers.
 */
export async function effect(context: DriveContext, what: Effect): Promise<Outcome> {
  for (let failures = 0; ; ) {
    const came = await attempt(context, what);
    if (came.kind !== "failed" || came.cannotSucceed) return came;
    if (came.answered) failures++;
    if (failures === attempts) return came;
    if (!(await pauseUnlessRollsBack(context, what, came.reason))) return { kind: "interrupted" };
  }
}

/** An effect cannot be done now, and nobody is there to see to it. */
export class Stuck extends Error {
  /** How it was tried. */
  readonly context: DriveContext;
  constructor(message: string, context: DriveContext) {
    super(message);
    this.context = context;
  }
}

/**
 * An effect that is given up only where the rollout has to roll back.
 *
 * @returns whether it was done
 * @throws Stuck where it failed by three answers and nobody is at a terminal
 */
export async function untilDone(context: DriveContext, what: Effect): Promise<boolean> {
  for (let failures = 0; ; ) {
    const came = await attempt(context, what);
    if (came.kind === "done") return true;
    if (rollbackBy(context, await read(context)) !== undefined && !context.isReturning) return false;
    if (came.kind === "interrupted") continue;
    failures = came.cannotSucceed ? attempts : failures + Number(came.answered);
    assertNotStuck(context, what, came.reason, failures);
    if (!(await pauseUnlessRollsBack(context, what, came.reason))) return false;
  }
}

/** An effect without which the rollback goes on, and then says so. */
export async function besides(context: DriveContext, what: Effect): Promise<void> {
  const came = await effect(context, what);
  if (came.kind === "failed") context.reporter.note(`${what.name}: ${came.reason}. The rollback goes on without it.`);
}

/** @throws Stuck where an effect has failed by three answers and nobody is at a terminal */
export function assertNotStuck(context: DriveContext, { name }: Effect, reason: string, failures = attempts): void {
  if (failures < attempts || !context.leavesHolding) return;
  const stable = mayHaveUsers(context) ? "stable may still run the release; " : "users are on stable; ";
  const users = context.isReturning ? stable : "";
  throw new Stuck(`${name} failed: ${reason}; ${users}mend that, then run gray resume`, context);
}

/** Does it once, with an eye on the record and on the track. */
async function attempt(context: DriveContext, what: Effect): Promise<Outcome> {
  const { track } = what;
  if (rollbackNow(context) !== undefined) return { kind: "interrupted" };
  const over = new AbortController();
  const watching = watch(context, over, track);
  try {
    await noted(context, what, over.signal);
    return { kind: "done" };
  } catch (error) {
    if (over.signal.aborted) return over.signal.reason as Outcome;
    const reason = reasonOf(context, error);
    const { entry, waited } = await readPatiently(context);
    const against = track && (await askedBeside(context, () => context.actuator.cannotSucceed(track, entry.rollout)));
    if (against !== undefined) return cannotSucceed(against);
    return { kind: "failed", reason, cannotSucceed: false, answered: !waited && !isUnavailable(error) };
  } finally {
    over.abort({ kind: "interrupted" } satisfies Outcome);
    await watching;
  }
}

function cannotSucceed(reason: string): Failure {
  return { kind: "failed", reason, cannotSucceed: true, answered: true };
}

/** The pause before another attempt. @returns false as soon as the rollout has to roll back */
async function pauseUnlessRollsBack(context: DriveContext, { name }: Effect, reason: string): Promise<boolean> {
  context.reporter.note(`${name}: ${reason}. Trying again.`);
  if (context.isReturning) {
    await pause(context, againMilliseconds);
    return true;
  }
  for (let waited = 0; waited < againMilliseconds; waited += alertMilliseconds) {
    await pause(context, alertMilliseconds);
    if (rollbackBy(context, await read(context)) !== undefined) return false;
  }
  return true;
}

/**
 * Takes all users off canary. No limit and no signal ends it before it is through, and the record has to be had for none of
 * it: users come first. An attempt without an answer is followed by a longer pause; any answer brings back the short one. Each
 * attempt is told.
 *
 * @param to what the record says from then on
 * @returns whether users are off canary: where nothing but canary serves they are left there
 * @throws Superseded where another driver has the rollout; RecordGone and what the record refuses, once users are off
 */
export async function cutOffUsers(context: DriveContext, to: (rollout: Rollout) => Rollout): Promise<boolean> {
  const stopping = new AbortController();
  const lasting = { ...context, isReturning: true, signal: stopping.signal };
  const name = "cut";
  boundary(context);
  const begun = write(lasting, (before) => ({ ...to(before), effect: { name, at: new Date().toISOString() } }));
  const isSuperseded = (error: unknown) => {
    if (error instanceof Superseded && !(error instanceof RecordGone)) throw error;
  };
  await Promise.race([begun.then(() => {}, isSuperseded), sleep(noteMilliseconds, undefined, { ref: false })]);
  boundary(context);
  const stop = () => stopping.abort();
  try {
    const off = await untilCut(() => context.actuator.cut(context.store.epoch), context.reporter.note);
    // From here on the driver may be stopped again.
    if (context.signal.aborted) stop();
    context.signal.addEventListener("abort", stop, { once: true });
    boundary(context);
    await begun;
    await write(lasting, ({ effect: _, ...rest }) => rest);
    boundary(context);
    return off;
  } finally {
    context.signal.removeEventListener("abort", stop);
    stop();
  }
}

/**
 * Tries a cut until it is through.
 *
 * @param note takes each attempt that failed, in a sentence; of a long row at most one a second
 * @returns whether users are off canary
 * @throws Superseded
 */
export async function untilCut(cut: () => Promise<boolean>, note: (sentence: string) => void): Promise<boolean> {
  let unavailable = 0;
  let told = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const off = await cut();
      if (off && attempt > 1) note(`Cut at attempt ${attempt}: all users are on stable.`);
      return off;
    } catch (error) {
      // Whatever else it is: ending would leave users where they are.
      if (error instanceof Superseded) throw error;
      unavailable = isUnavailable(error) ? unavailable + 1 : 0;
      if (attempt <= cutAttemptsReported || Date.now() - told >= 1000) {
        told = Date.now();
        note(`cut: ${sentence(error as Error)} (attempt ${attempt}). Trying again until users are off canary.`);
      }
      await sleep(backoff(Math.max(1, unavailable), cutPauses));
    }
  }
}

/** Does something, noted in the record before and after, so that the next driver knows what may be half done. */
async function noted(context: DriveContext, { name, to, run }: Effect, signal?: AbortSignal): Promise<void> {
  boundary(context);
  const rollout = await write(context, (before) => ({ ...to(before), effect: { name, at: new Date().toISOString() } }));
  boundary(context);
  await run(rollout, signal ? AbortSignal.any([context.signal, signal]) : context.signal);
  boundary(context);
  await write(context, ({ effect: _, ...rest }) => rest);
  boundary(context);
}

/**
 * Looks on while something is done, and ends it as soon as the rollout has to roll back, or the track will not come to run its
 * release. Users are taken off canary at once then, because what is done may take its time to end; the way back does it again.
 *
 * @param over is aborted with an Outcome
 * @param track whose release is brought. @default none is
 */
export async function watch(context: DriveContext, over: AbortController, track?: Track): Promise<void> {
  const either = AbortSignal.any([context.signal, over.signal]);
  const rollBack = () => {
    over.abort({ kind: "interrupted" } satisfies Outcome);
    return untilCut(() => context.actuator.cut(context.store.epoch), context.reporter.note).then(
      () => {},
      () => {},
    );
  };
  let isAsked = false;
  /** Asked beside the looks: an answer that does not come must not keep users on a bad release. */
  const question = (asked: Track, rollout: Rollout) => {
    if (isAsked) return;
    isAsked = true;
    context.actuator
      .cannotSucceed(asked, rollout)
      .then((reason) => void (reason !== undefined && over.abort(cannotSucceed(reason))))
      .catch(() => {})
      .finally(() => {
        isAsked = false;
      });
  };
  for (let look = 0; !either.aborted; look++) {
    try {
      const entry = await hearing(context, context.store.read());
      if (either.aborted) return;
      if (!context.isReturning && rollbackBy(context, entry) !== undefined) return await rollBack();
      // What Kubernetes says of the roll before stands until the first progress of this one.
      if (track !== undefined && look % looksPerQuestion === looksPerQuestion - 1) question(track, entry.rollout);
    } catch (error) {
      if (error instanceof RecordGone && usersOnCanary(context)) return await rollBack();
      // A driver that was superseded learns it from its next word to the record.
      if (error instanceof Superseded) over.abort({ kind: "interrupted" } satisfies Outcome);
      else if (!either.aborted && rollbackNow(context) !== undefined) return await rollBack();
    }
    if (!either.aborted) await sleep(alertMilliseconds, undefined, { signal: either }).catch(() => {});
  }
}

/** What went wrong, without its full stop. @throws what no trying again can mend */
function reasonOf({ signal }: DriveContext, error: unknown): string {
  if (signal.aborted) throw new Stopped();
  if (!isOfTheCluster(error)) throw error;
  return sentence(error);
}

function sentence(error: Error): string {
  return error.message.replace(/\.$/, "");
}

const passed = new WeakMap<object, number>();

/** For rehearsal: GRAY_DIE_AT=<n> kills the driver at the nth boundary of an effect, as a crash would. */
function boundary({ store }: DriveContext): void {
  const count = (passed.get(store) ?? 0) + 1;
  passed.set(store, count);
  if (process.env.GRAY_DIE_AT === String(count)) process.kill(process.pid, "SIGKILL");
}
