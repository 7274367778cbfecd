/** How a driver waits for the cluster: nothing is decided from what may pass, and bad evidence is heard meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../components/user-error.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import { ApiError } from "../kubernetes/cluster.ts";
import { Superseded } from "../record/epoch.ts";
import type { DriveContext } from "./driver.ts";
import { next } from "./next.ts";
import { positionOf, type Rollout } from "./rollout.ts";
import type { Entry } from "./rollout-store.ts";

/** Milliseconds between two looks at the record while nothing has to be done. */
export const pollMilliseconds = 1000;
/** The same while users meet the release or something is done: users wait all of it for a cut once the release is found bad. */
export const alertMilliseconds = 250;

/** The driving was ended from outside. */
export class Stopped extends Error {}
/** The rollout has to roll back, although the record cannot be asked. The message says why. */
export class RollsBack extends Error {}

/** The record's entry, and whether the cluster had to be waited for. @throws as `answered` does */
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

/** @throws as `answered` does */
export async function read(context: DriveContext): Promise<Entry> {
  return (await readPatiently(context)).entry;
}

/** @throws as `answered` does */
export function write(context: DriveContext, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return answered(context, () => context.store.write(to));
}

/**
 * Writes what belongs to one step. Nothing is written where a person moved the rollout on meanwhile, nor when it is written again
 * because its answer was lost.
 */
export function writeInStep(context: DriveContext, step: number, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return write(context, (rollout) => (rollout.step === step ? to(rollout) : rollout));
}

/**
 * Asks until there is an answer, and the traffic stays as it is until then.
 *
 * 1. What may pass is asked again.
 * 2. So is what the cluster refuses, as long as users may meet canary: a driver that ended would leave them there.
 * 3. Evidence that turns bad meanwhile ends the waiting: users come first.
 *
 * @throws Stopped where the driver's signal ends it; RollsBack by 3; what was refused, where no user may meet canary
 */
export async function answered<T>(context: DriveContext, ask: () => Promise<T>): Promise<T> {
  for (let said: string | undefined; ; ) {
    if (context.signal.aborted) throw new Stopped();
    try {
      const answer = await hearing(context, ask());
      if (said !== undefined) context.reporter.note("The cluster answers again.");
      return answer;
    } catch (error) {
      if (!isRetryable(error) && !(isOfTheCluster(error) && mayHaveUsers(context))) throw error;
      const rollback = rollbackNow(context);
      if (rollback !== undefined) throw new RollsBack(rollback);
      if (said === undefined) {
        said = (error as Error).message;
        context.reporter.note(`${said} Until it answers nothing is changed.`);
      }
      await pause(context, pollMilliseconds);
    }
  }
}

/** What comes of it, unless evidence turns bad before. @throws RollsBack then */
export async function hearing<T>(context: DriveContext, pending: Promise<T>): Promise<T> {
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
  // The answer came first, and nothing waits for this any more.
  return new Promise(() => {});
}

/**
 * Asks for something besides the record, as `answered` does. The record is read meanwhile, so that an answer that does not come
 * makes the driver deaf to nothing.
 *
 * @throws Superseded and RollsBack as soon as the record, or evidence, says so
 */
export async function askedBeside<T>(context: DriveContext, ask: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  try {
    return await Promise.race([answered({ ...context, signal }, ask), heard(context, over.signal)]);
  } finally {
    over.abort();
  }
}

/** Ends with what the record, or evidence, has to say to whoever waits. */
async function heard(context: DriveContext, over: AbortSignal): Promise<never> {
  for (;;) {
    await pause({ ...context, signal: AbortSignal.any([context.signal, over]) }, pollMilliseconds);
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

/** Why the rollout has to roll back, by what was last read of the record and what is known of the release now. */
export function rollbackNow(context: DriveContext): string | undefined {
  const { latest } = context.store;
  return latest === undefined || context.isReturning ? undefined : rollbackBy(context, latest);
}

/** Why the rollout has to roll back by this entry of the record; undefined where it has not. */
export function rollbackBy({ observer }: DriveContext, entry: Entry): string | undefined {
  const move = next(positionOf(entry.rollout), observer.judgment(entry), Date.now());
  return move.kind === "rollback" ? move.reason : undefined;
}

/** Whether users may meet the release, on canary or on stable, by what was last read of the record. */
export function mayHaveUsers({ store: { latest }, isReturning, isStableBack }: DriveContext): boolean {
  if (latest === undefined) return false;
  const { steps, step, weight } = latest.rollout;
  if (steps[step]?.stage === "full" && !isStableBack) return true;
  return !isReturning && weight !== 0;
}

/** Whether users may meet the release on canary, by what was last read of the record. */
export function usersOnCanary({ store: { latest } }: DriveContext): boolean {
  if (latest === undefined) return false;
  const { weight, runs, release } = latest.rollout;
  return weight !== 0 && runs.canary === release;
}

/** Whether somebody who is no bug of ours said no. */
export function isOfTheCluster(error: unknown): error is UserError | ApiError {
  return error instanceof UserError || error instanceof ApiError;
}

/** @throws Stopped as soon as the driver's signal ends it */
export async function pause({ signal }: DriveContext, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw new Stopped();
  });
}
