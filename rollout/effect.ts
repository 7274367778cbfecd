/** Executes an effect of a driver: noted in the record before and after, tried again, and given up if that is safe. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Track } from "../components/traffic.ts";
import { clauseOf } from "../components/user-error.ts";
import { isUnavailable } from "../kubernetes/answer.ts";
import { Superseded } from "../record/epoch.ts";
import type { DriveContext } from "./drive-context.ts";
import type { Rollout } from "./rollout.ts";
import { RecordGone } from "./rollout-store.ts";
import { untilCutOff } from "./user-cutoff.ts";
import {
  alertMilliseconds,
  answeredBesideRecord,
  isOfTheCluster,
  mayHaveUsers,
  pause,
  read,
  readPatiently,
  rollbackBy,
  rollbackNow,
  Stopped,
  unlessBadEvidence,
  usersOnCanary,
  write,
} from "./waiting.ts";

/** Milliseconds before an effect is tried again. */
const againMilliseconds = 5000;
/** Reads of the record between two questions whether the track can succeed. */
const readsPerQuestion = 4;
/** Failures after which an effect is given up; a failure without an answer of the cluster does not count. */
const maxFailures = 3;

/** A change to the cluster. */
export interface Effect {
  /** Its name, for the user and the record. */
  readonly name: string;
  /** How the record changes before the effect runs. */
  readonly to: (rollout: Rollout) => Rollout;
  /** Makes the change. */
  readonly run: (rollout: Rollout, signal: AbortSignal) => Promise<void>;
  /** The track whose release it brings. @default none */
  readonly track?: Track;
}

/** How an effect ended. */
export type EffectResult =
  | { readonly kind: "done" }
  /** The rollout must roll back, or another driver has taken over. */
  | { readonly kind: "interrupted" }
  | Failure;

interface Failure {
  readonly kind: "failed";
  readonly reason: string;
  /** Whether the cluster reports that the track cannot come to run its release. */
  readonly cannotSucceed: boolean;
  /** Whether the cluster answered. A failure while it is unavailable is not a failure of the effect. */
  readonly answered: boolean;
}

/**
 * Executes an effect. It is given up if the rollout must roll back, if the cluster reports that the track cannot come
 * to run its release, or after three failures.
 */
export async function effect(context: DriveContext, what: Effect): Promise<EffectResult> {
  for (let failures = 0; ; ) {
    const result = await attempt(context, what);
    if (result.kind !== "failed" || result.cannotSucceed) return result;
    if (result.answered) failures++;
    if (failures === maxFailures) return result;
    if (!(await pauseBeforeAgain(context, what, result.reason))) return { kind: "interrupted" };
  }
}

/** An effect goes on failing, and no person is at the terminal to fix the cause. */
export class Stuck extends Error {
  /** The context in which it was tried. */
  readonly context: DriveContext;
  constructor(message: string, context: DriveContext) {
    super(message);
    this.context = context;
  }
}

/**
 * Executes an effect. It is given up only if the rollout must roll back.
 *
 * @returns whether it was done
 * @throws Stuck after three failures if no person is at the terminal
 */
export async function untilDone(context: DriveContext, what: Effect): Promise<boolean> {
  for (let failures = 0; ; ) {
    const result = await attempt(context, what);
    if (result.kind === "done") return true;
    if (rollbackBy(context, await read(context)) !== undefined && !context.isReturning) return false;
    if (result.kind === "interrupted") continue;
    failures = result.cannotSucceed ? maxFailures : failures + Number(result.answered);
    if (failures >= maxFailures) holdStuck(context, what, result.reason);
    if (!(await pauseBeforeAgain(context, what, result.reason))) return false;
  }
}

/** Executes an effect. If it fails, a note says so and the rollback continues without it. */
export async function bestEffort(context: DriveContext, what: Effect): Promise<void> {
  const result = await effect(context, what);
  if (result.kind === "failed")
    context.reporter.note(`${what.name} failed (${result.reason}): the rollback goes on without it.`);
}

/**
 * The rollout holds, because an effect goes on failing. With a person at the terminal the driver says so and goes on
 * trying.
 *
 * @throws Stuck if no person is at the terminal
 */
export function holdStuck(context: DriveContext, { name }: Effect, reason: string): void {
  const stable = mayHaveUsers(context) ? "stable may still run the release; " : "stable serves; ";
  const state = context.isReturning ? stable : "";
  const what = `${name} failed: ${reason}; ${state}fix the cause`;
  if (context.leavesHolding) throw new Stuck(`${what}, then run gray resume`, context);
  const { latest } = context.store;
  const move = { kind: "hold", reason: `${what}: gray tries again until it succeeds`, failing: name } as const;
  if (latest) context.reporter.now(latest.rollout, move);
}

/** Tries an effect once, while the record and the track are watched. */
async function attempt(context: DriveContext, what: Effect): Promise<EffectResult> {
  const { track } = what;
  if (rollbackNow(context) !== undefined) return { kind: "interrupted" };
  const over = new AbortController();
  const watching = watch(context, over, track);
  try {
    await noted(context, what, over.signal);
    return { kind: "done" };
  } catch (error) {
    if (over.signal.aborted) return over.signal.reason as EffectResult;
    const reason = reasonOf(context, error);
    const { entry, waited } = await readPatiently(context);
    const problem =
      track && (await answeredBesideRecord(context, () => context.actuator.cannotSucceed(track, entry.rollout)));
    if (problem !== undefined) return cannotSucceed(problem);
    return { kind: "failed", reason, cannotSucceed: false, answered: !waited && !isUnavailable(error) };
  } finally {
    over.abort({ kind: "interrupted" } satisfies EffectResult);
    await watching;
  }
}

function cannotSucceed(reason: string): Failure {
  return { kind: "failed", reason, cannotSucceed: true, answered: true };
}

/** Waits before another attempt. @returns false as soon as the rollout must roll back */
export async function pauseBeforeAgain(context: DriveContext, { name }: Effect, reason: string): Promise<boolean> {
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
 * Runs an effect, noted in the record before and after, so that the next driver knows which effect may be half done.
 */
async function noted(context: DriveContext, { name, to, run }: Effect, signal?: AbortSignal): Promise<void> {
  const rollout = await write(context, (before) => ({ ...to(before), effect: { name, at: new Date().toISOString() } }));
  await run(rollout, signal ? AbortSignal.any([context.signal, signal]) : context.signal);
  await write(context, ({ effect: _, ...rest }) => rest);
}

/**
 * Watches the record during an effect, and ends the effect as soon as the rollout must roll back or the track cannot
 * succeed. It then moves users off canary at once, because the effect may take its time to end; the rollback does it
 * again.
 *
 * @param over is aborted with an EffectResult
 * @param track the track that the effect changes. @default none
 */
export async function watch(context: DriveContext, over: AbortController, track?: Track): Promise<void> {
  const either = AbortSignal.any([context.signal, over.signal]);
  const rollBack = () => {
    over.abort({ kind: "interrupted" } satisfies EffectResult);
    return untilCutOff(() => context.actuator.cutOff(context.store.epoch), context.reporter.note).then(
      () => {},
      () => {},
    );
  };
  let isAsked = false;
  /** Runs beside the reads of the record: an answer that never comes must not keep users on a bad release. */
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
  for (let reads = 0; !either.aborted; reads++) {
    try {
      const entry = await unlessBadEvidence(context, context.store.read());
      if (either.aborted) return;
      if (!context.isReturning && rollbackBy(context, entry) !== undefined) return await rollBack();
      // A Deployment's condition describes the previous roll until this one makes progress.
      if (track !== undefined && reads % readsPerQuestion === readsPerQuestion - 1) question(track, entry.rollout);
    } catch (error) {
      if (error instanceof RecordGone && usersOnCanary(context)) return await rollBack();
      // A superseded driver learns of it with its next write to the record.
      if (error instanceof Superseded) over.abort({ kind: "interrupted" } satisfies EffectResult);
      else if (!either.aborted && rollbackNow(context) !== undefined) return await rollBack();
    }
    if (!either.aborted) await sleep(alertMilliseconds, undefined, { signal: either }).catch(() => {});
  }
}

/** The message of an error, without its full stop. @throws errors that another attempt cannot fix */
function reasonOf({ signal }: DriveContext, error: unknown): string {
  if (signal.aborted) throw new Stopped();
  if (!isOfTheCluster(error)) throw error;
  return clauseOf(error);
}
