/**
 * How a driver waits for the cluster. It does not act on a temporary failure, and it reacts to bad evidence meanwhile.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../components/user-error.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { Superseded } from "../record/epoch.ts";
import type { DriveContext } from "./drive-context.ts";
import { next } from "./next.ts";
import { positionOf, type Rollout } from "./rollout.ts";
import type { Entry } from "./rollout-store.ts";
import { rollsStable } from "./stage.ts";

/** Milliseconds between two reads of the record while nothing has to be done. */
export const pollMilliseconds = 1000;
/**
 * The same while users are on the release or an effect is in progress. Users wait this long for a cutoff after the
 * release is found bad.
 */
export const alertMilliseconds = 250;

/** The driver was stopped by its signal. */
export class Stopped extends Error {}
/** The rollout must roll back, although the record cannot be read. The message is the reason. */
export class RollsBack extends Error {}

/** Reads the record. `waited` is whether the cluster was unavailable in between. @throws as `answered` does */
export async function readPatiently(
  context: DriveContext,
): Promise<{ readonly entry: Entry; readonly waited: boolean }> {
  let tries = 0;
  const entry = await answered(context, () => {
    tries++;
    return context.store.read();
  });
  return { entry, waited: tries > 1 };
}

/** Reads the record. @throws as `answered` does */
export async function read(context: DriveContext): Promise<Entry> {
  return (await readPatiently(context)).entry;
}

/** Changes the rollout in the record. @throws as `answered` does */
export function write(context: DriveContext, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return answered(context, () => context.store.write(to));
}

/**
 * Writes a change that belongs to one step. Nothing is written if the rollout is in another step by then: a person may
 * have moved it, or an earlier attempt may have succeeded although its answer was lost.
 */
export function writeInStep(context: DriveContext, step: number, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return write(context, (rollout) => (rollout.step === step ? to(rollout) : rollout));
}

/**
 * Calls the cluster until it answers; the traffic stays as it is until then.
 *
 * 1. A temporary failure is tried again.
 * 2. A refusal is tried again as long as users may be on canary: a driver that ended would leave them there.
 * 3. Evidence that turns bad meanwhile ends the waiting, because users come first.
 *
 * @throws Stopped if the driver's signal aborts; RollsBack by 3; the refusal if no user may be on canary
 */
export async function answered<T>(context: DriveContext, ask: () => Promise<T>): Promise<T> {
  for (let unavailability: string | undefined; ; ) {
    if (context.signal.aborted) throw new Stopped();
    try {
      const answer = await unlessBadEvidence(context, ask());
      if (unavailability !== undefined) context.reporter.note("The cluster answers again.");
      return answer;
    } catch (error) {
      if (!isRetryable(error) && !(isOfTheCluster(error) && mayHaveUsers(context))) throw error;
      const rollback = rollbackNow(context);
      if (rollback !== undefined) throw new RollsBack(rollback);
      if (unavailability === undefined) {
        unavailability = (error as Error).message;
        context.reporter.note(`${unavailability} gray leaves everything as it is and tries again.`);
      }
      await pause(context, pollMilliseconds);
    }
  }
}

/** The result of a call. @throws RollsBack if evidence turns bad first */
export async function unlessBadEvidence<T>(context: DriveContext, pending: Promise<T>): Promise<T> {
  if (context.isReturning) return pending;
  const over = new AbortController();
  try {
    return await Promise.race([pending, badEvidence(context, over.signal)]);
  } finally {
    over.abort();
  }
}

async function badEvidence(context: DriveContext, over: AbortSignal): Promise<never> {
  while (!over.aborted) {
    await sleep(alertMilliseconds, undefined, { signal: over }).catch(() => {});
    const rollback = over.aborted ? undefined : rollbackNow(context);
    if (rollback !== undefined) throw new RollsBack(rollback);
  }
  // The answer came first, so this promise is no longer awaited.
  return new Promise(() => {});
}

/**
 * Calls the cluster for something other than the record, as `answered` does. It reads the record meanwhile, so that the
 * driver still reacts to it if no answer comes.
 *
 * @throws Superseded and RollsBack as soon as the record or the evidence requires it
 */
export function answeredBesideRecord<T>(context: DriveContext, ask: () => Promise<T>): Promise<T> {
  return besideRecord(context, (signal) => answered({ ...context, signal }, ask));
}

/**
 * Does some work while the record is read.
 *
 * @param work gets the signal that ends it
 * @throws Superseded and RollsBack as soon as the record or the evidence requires it; any error of the work
 */
export async function besideRecord<T>(context: DriveContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  try {
    return await Promise.race([work(signal), untilRollback(context, over.signal)]);
  } finally {
    over.abort();
  }
}

/** Rejects as soon as the record or the evidence requires it. */
async function untilRollback(context: DriveContext, over: AbortSignal): Promise<never> {
  for (;;) {
    await pause({ ...context, signal: AbortSignal.any([context.signal, over]) }, pollMilliseconds);
    if (over.aborted || context.signal.aborted) throw new Stopped();
    let entry: Entry | undefined;
    try {
      entry = await context.store.read();
    } catch (error) {
      if (error instanceof Superseded) throw error;
      entry = context.store.latest;
    }
    const rollback = entry === undefined || context.isReturning ? undefined : rollbackBy(context, entry);
    if (rollback !== undefined) throw new RollsBack(rollback);
  }
}

/** Why the rollout must roll back, by the last entry and the current verdict; undefined if it need not. */
export function rollbackNow(context: DriveContext): string | undefined {
  const { latest } = context.store;
  return latest === undefined || context.isReturning ? undefined : rollbackBy(context, latest);
}

/** Why the rollout must roll back, by this entry of the record; undefined if it need not. */
export function rollbackBy({ observer }: DriveContext, entry: Entry): string | undefined {
  const move = next(positionOf(entry.rollout), observer.judgment(entry), Date.now());
  return move.kind === "rollback" ? move.reason : undefined;
}

/** Whether users may be on the release, on canary or stable, by the last entry of the record. */
export function mayHaveUsers({ store: { latest }, isReturning, isStableBack }: DriveContext): boolean {
  if (latest === undefined) return false;
  const { steps, step, weight } = latest.rollout;
  if (rollsStable(steps[step]) && !isStableBack) return true;
  return !isReturning && weight !== 0;
}

/** Whether users may be on the release on canary, by the last entry of the record. */
export function usersOnCanary({ store: { latest } }: DriveContext): boolean {
  if (latest === undefined) return false;
  const { weight, runs, release } = latest.rollout;
  return weight !== 0 && runs.canary === release;
}

/** Whether the error comes from the cluster or its configuration, and is not a bug of gray. */
export function isOfTheCluster(error: unknown): error is UserError | ApiError {
  return error instanceof UserError || error instanceof ApiError;
}

/** Waits. @throws Stopped as soon as the driver's signal aborts */
export async function pause({ signal }: DriveContext, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw new Stopped();
  });
}
