/** How a driver waits for the cluster: nothing is decided from what may pass, and bad evidence is heard meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../../components/refusal.ts";
import { mayPass } from "../cluster/answer.ts";
import { ApiError } from "../cluster/cluster.ts";
import { Superseded } from "../record/epoch.ts";
import type { Drive } from "./driver.ts";
import type { Entry } from "./ledger.ts";
import { next } from "./next.ts";
import { positionOf, type Rollout } from "./rollout.ts";

/** Milliseconds between two looks at the record while nothing has to be done. */
export const lookMilliseconds = 1000;
/** The same while users meet the release or something is done: users wait all of it for a cut once the release is found bad. */
export const alertMilliseconds = 250;

/** The driving was ended from outside. */
export class Stopped extends Error {}
/** The rollout has to roll back, although the record cannot be asked. The message says why. */
export class RollsBack extends Error {}

/** The record's entry, and whether the cluster had to be waited for. @throws as `answered` does */
export async function readPatiently(way: Drive): Promise<{ readonly entry: Entry; readonly waited: boolean }> {
  let tries = 0;
  const entry = await answered(way, () => {
    tries++;
    return way.ledger.read();
  });
  return { entry, waited: tries > 1 };
}

/** @throws as `answered` does */
export async function read(way: Drive): Promise<Entry> {
  return (await readPatiently(way)).entry;
}

/** @throws as `answered` does */
export function write(way: Drive, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return answered(way, () => way.ledger.write(to));
}

/**
 * Writes what belongs to one step. Nothing is written where a person moved the rollout on meanwhile, nor when it is written again
 * because its answer was lost.
 */
export function writeInStep(way: Drive, step: number, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return write(way, (rollout) => (rollout.step === step ? to(rollout) : rollout));
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
export async function answered<T>(way: Drive, ask: () => Promise<T>): Promise<T> {
  for (let said: string | undefined; ; ) {
    if (way.signal.aborted) throw new Stopped();
    try {
      const answer = await hearing(way, ask());
      if (said !== undefined) way.audience.note("The cluster answers again.");
      return answer;
    } catch (error) {
      if (!mayPass(error) && !(isOfTheCluster(error) && mayHaveUsers(way))) throw error;
      const rollback = rollbackNow(way);
      if (rollback !== undefined) throw new RollsBack(rollback);
      if (said === undefined) {
        said = (error as Error).message;
        way.audience.note(`${said} Until it answers nothing is changed.`);
      }
      await pause(way, lookMilliseconds);
    }
  }
}

/** What comes of it, unless evidence turns bad before. @throws RollsBack then */
export async function hearing<T>(way: Drive, pending: Promise<T>): Promise<T> {
  if (way.isReturning) return pending;
  const over = new AbortController();
  try {
    return await Promise.race([pending, badEvidence(way, over.signal)]);
  } finally {
    over.abort();
  }
}

async function badEvidence(way: Drive, over: AbortSignal): Promise<never> {
  while (!over.aborted) {
    await sleep(alertMilliseconds, undefined, { signal: over }).catch(() => {});
    const rollback = over.aborted ? undefined : rollbackNow(way);
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
export async function askedBeside<T>(way: Drive, ask: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([way.signal, over.signal]);
  try {
    return await Promise.race([answered({ ...way, signal }, ask), heard(way, over.signal)]);
  } finally {
    over.abort();
  }
}

/** Ends with what the record, or evidence, has to say to whoever waits. */
async function heard(way: Drive, over: AbortSignal): Promise<never> {
  for (;;) {
    await pause({ ...way, signal: AbortSignal.any([way.signal, over]) }, lookMilliseconds);
    let entry: Entry | undefined;
    try {
      entry = await way.ledger.read();
    } catch (error) {
      if (error instanceof Superseded) throw error;
      entry = way.ledger.latest;
    }
    const rollback = entry === undefined || way.isReturning ? undefined : rollbackBy(way, entry);
    if (rollback !== undefined) throw new RollsBack(rollback);
  }
}

/** Why the rollout has to roll back, by what was last read of the record and what is known of the release now. */
export function rollbackNow(way: Drive): string | undefined {
  const { latest } = way.ledger;
  return latest === undefined || way.isReturning ? undefined : rollbackBy(way, latest);
}

/** Why the rollout has to roll back by this entry of the record; undefined where it has not. */
export function rollbackBy({ witness }: Drive, entry: Entry): string | undefined {
  const move = next(positionOf(entry.rollout), witness.standing(entry), Date.now());
  return move.kind === "retreat" ? move.because : undefined;
}

/** Whether users may meet the release, on canary or on stable, by what was last read of the record. */
export function mayHaveUsers({ ledger: { latest }, isReturning, isStableBack }: Drive): boolean {
  if (latest === undefined) return false;
  const { steps, step, weight } = latest.rollout;
  if (steps[step]?.stage === "full" && !isStableBack) return true;
  return !isReturning && weight !== 0;
}

/** Whether users may meet the release on canary, by what was last read of the record. */
export function usersOnCanary({ ledger: { latest } }: Drive): boolean {
  if (latest === undefined) return false;
  const { weight, runs, release } = latest.rollout;
  return weight !== 0 && runs.canary === release;
}

/** Whether somebody who is no bug of ours said no. */
export function isOfTheCluster(error: unknown): error is Refusal | ApiError {
  return error instanceof Refusal || error instanceof ApiError;
}

/** @throws Stopped as soon as the driver's signal ends it */
export async function pause({ signal }: Drive, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw new Stopped();
  });
}
