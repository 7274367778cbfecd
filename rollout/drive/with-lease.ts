/** Drives a rollout for as long as its lease can be had. */
import { setTimeout as sleep } from "node:timers/promises";
import { mayPass } from "../cluster/answer.ts";
import { type Drive, drive, type End, protectUsers } from "./driver.ts";
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
export async function driveWithLease(way: Drive, held: Held): Promise<End> {
  for (;;) {
    const end = await drive({ ...way, signal: AbortSignal.any([way.signal, held.lease.lost]) });
    if (end.kind !== "stopped" || way.signal.aborted) return end;
    way.audience.note("The lease of the rollout ran out: it is asked for again.");
    const again = await retaken(held.lease, way);
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
async function retaken(lease: Lease, way: Drive): Promise<Lease | undefined> {
  for (;;) {
    try {
      return await lease.again();
    } catch (error) {
      const returns = await protectUsers(way);
      const waits = mayPass(error) || (isOfTheCluster(error) && !returns && mayHaveUsers(way));
      if (error instanceof Driven || !waits) throw error;
      if (way.signal.aborted) return undefined;
      await sleep(1000, undefined, { signal: way.signal }).catch(() => {});
    }
  }
}
