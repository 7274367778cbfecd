/** Drives a rollout while it holds the Lease, and acquires the Lease again after it has expired. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRetryable } from "../kubernetes/answer.ts";
import { Superseded } from "../record/epoch.ts";
import type { DriveContext } from "./drive-context.ts";
import { Driven } from "./driven.ts";
import { drive, protectUsers } from "./driver.ts";
import type { End } from "./end.ts";
import type { Lease } from "./lease.ts";
import { alertMilliseconds, isOfTheCluster, mayHaveUsers } from "./waiting.ts";

/** The current Lease of a driver. It is replaced when the Lease is acquired again. */
export interface Held {
  lease: Lease;
}

/**
 * Drives a rollout to its end, or until it holds. A Lease that expires is acquired again.
 *
 * @throws as `drive` does; Driven if another process has the Lease; other errors of acquiring it, once no user may be
 * on canary
 */
export async function driveWithLease(context: DriveContext, held: Held): Promise<End> {
  for (;;) {
    const end = await drive({ ...context, signal: AbortSignal.any([context.signal, held.lease.lost]) });
    if (end.kind !== "stopped" || context.signal.aborted) return end;
    context.reporter.note("The lease of the rollout has expired: acquiring it again.");
    const again = await retaken(held.lease, context);
    if (again === undefined) return end;
    held.lease = again;
  }
}

/**
 * Acquires the Lease again after it has expired, for example because the cluster was unavailable. Meanwhile it moves
 * users off a bad release.
 *
 * @returns undefined if the driver was stopped meanwhile
 * @throws Driven if another process has it now; other errors, once no user may be on canary
 */
async function retaken(lease: Lease, context: DriveContext): Promise<Lease | undefined> {
  for (;;) {
    try {
      return await whileProtecting(context, () => lease.again());
    } catch (error) {
      const returns = await protectUsers(context);
      const waits = isRetryable(error) || (isOfTheCluster(error) && !returns && mayHaveUsers(context));
      if (error instanceof Driven || !waits) throw error;
      if (context.signal.aborted) return undefined;
      await sleep(1000, undefined, { signal: context.signal }).catch(() => {});
    }
  }
}

/** Moves users off the release if it is found bad before the work ends, because acquiring a Lease takes up to 16 s. */
async function whileProtecting<T>(context: DriveContext, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const protecting = untilProtected(context, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await protecting;
  }
}

/** Never throws: the next call of the driver meets the same error. */
async function untilProtected(context: DriveContext, over: AbortSignal): Promise<void> {
  // Once the work is over, the cutoff is completed, and its note in the record is left to the driver.
  const protecting = { ...context, signal: AbortSignal.any([context.signal, over]) };
  for (let isOver = false; !isOver && !over.aborted; ) {
    await sleep(alertMilliseconds, undefined, { signal: over }).catch(() => {});
    isOver = over.aborted || (await protectUsers(protecting).catch((error) => error instanceof Superseded));
  }
}
