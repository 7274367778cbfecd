/** Drives a rollout for as long as its lease can be had. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRetryable } from "../kubernetes/answer.ts";
import { type DriveContext, drive, type End, protectUsers } from "./driver.ts";
import { Driven, type Lease } from "./lease.ts";
import { isOfTheCluster, mayHaveUsers } from "./waiting.ts";

/** The lease that a driver has now: another one after it ran out and was taken again. */
export interface Held {
  lease: Lease;
}

/**
 * Drives a rollout to its end, or to where it holds. A lease that ran out is taken again.
 *
 * @throws as `drive` does; Driven if somebody else has the lease; what else keeps it away, once no user may meet canary
 */
export async function driveWithLease(context: DriveContext, held: Held): Promise<End> {
  for (;;) {
    const end = await drive({ ...context, signal: AbortSignal.any([context.signal, held.lease.lost]) });
    if (end.kind !== "stopped" || context.signal.aborted) return end;
    context.reporter.note("The lease of the rollout ran out: it is asked for again.");
    const again = await retaken(held.lease, context);
    if (again === undefined) return end;
    held.lease = again;
  }
}

/**
 * The lease again after it ran out, as in a long silence of the cluster. Users are taken off a bad release meanwhile.
 *
 * @returns undefined where the driver was ended meanwhile
 * @throws Driven if somebody else has it now; what else keeps it away, once no user may meet canary
 */
async function retaken(lease: Lease, context: DriveContext): Promise<Lease | undefined> {
  for (;;) {
    try {
      return await lease.again();
    } catch (error) {
      const returns = await protectUsers(context);
      const waits = isRetryable(error) || (isOfTheCluster(error) && !returns && mayHaveUsers(context));
      if (error instanceof Driven || !waits) throw error;
      if (context.signal.aborted) return undefined;
      await sleep(1000, undefined, { signal: context.signal }).catch(() => {});
    }
  }
}
