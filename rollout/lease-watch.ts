/** Finds out whether the driver of a rollout is alive, by watching its Lease. */
import { leaseDefaults } from "../components/defaults.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { type Clock, machineClock } from "./clock.ts";
import { type Driver, readDriver } from "./lease-object.ts";

/** Whether a driver is alive, as far as it is known. */
export type Sign = "alive" | "dead" | "unknown";

/**
 * Observes the Lease of a rollout. Clocks of two machines are never compared, so a time that the holder wrote decides
 * nothing.
 *
 * 1. It is free, or its holder ran on this machine and has ended: dead.
 * 2. It was written since an earlier read: alive, for its duration and a margin.
 * 3. It was not written for that long: dead.
 * 4. Otherwise it is too early to decide.
 */
export class LeaseWatch {
  private readonly clock: Clock;
  private seen: { readonly version: string | undefined; readonly at: number; readonly written: boolean } | undefined;

  constructor(clock: Clock = machineClock) {
    this.clock = clock;
  }

  /** Takes in a read of the Lease. */
  see(driver: Driver | undefined): Sign {
    const at = this.clock.now();
    const { seen } = this;
    const version = driver?.version;
    if (seen === undefined || seen.version !== version) this.seen = { version, at, written: seen !== undefined };
    if (!driver || driver.gone) return "dead";
    const { at: since, written } = this.seen ?? { at, written: false };
    if (at - since >= patienceOf(driver)) return "dead";
    return written ? "alive" : "unknown";
  }

  /** Restarts the time, after a failed read: a Lease that could not be read is no sign of a dead driver. */
  missed(): void {
    if (this.seen) this.seen = { ...this.seen, at: this.clock.now() };
  }
}

/** Milliseconds without a renewal after which a driver counts as dead. */
function patienceOf({ lasts }: Driver): number {
  return lasts + leaseDefaults.marginSeconds * 1000;
}

/** Milliseconds between two reads. */
const pollMilliseconds = 500;
/** Milliseconds after which a note tells the user why the command waits. */
const quietMilliseconds = 2000;

/** A read of the Lease, and what follows from it. */
export interface LeasePoll {
  readonly driver: Driver | undefined;
  readonly sign: Sign;
  /** Milliseconds since the first read. */
  readonly waited: number;
}

/**
 * Reads the Lease of a rollout until it is known whether its driver is alive: usually until the holder renews it, and
 * at most for its duration and a margin.
 *
 * @param note receives a note for the user, why the command waits
 * @throws ApiError or UserError if the Lease cannot be read; a cluster that is only unavailable is waited for
 */
export async function* pollLease(
  of: ServiceHandle,
  note: (sentence: string) => void,
  clock: Clock = machineClock,
): AsyncGenerator<LeasePoll> {
  const watch = new LeaseWatch(clock);
  const began = clock.now();
  for (let noted = false; ; ) {
    let driver: Driver | undefined;
    try {
      driver = await readDriver(of);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      watch.missed();
      await clock.sleep(pollMilliseconds);
      continue;
    }
    const sign = watch.see(driver);
    const waited = clock.now() - began;
    yield { driver, sign, waited };
    if (!driver || sign !== "unknown") return;
    if (!noted && waited >= quietMilliseconds) {
      const most = Math.ceil((patienceOf(driver) - waited) / 1000);
      note(
        `${driver.name} has the lease of the rollout of ${of.service}: waiting up to ${most} s to see whether it is still alive.`,
      );
      noted = true;
    }
    await clock.sleep(pollMilliseconds);
  }
}

/** The last read of the Lease, which decides whether the driver is alive; takes as long as `pollLease`. */
export async function awaitSign(...args: Parameters<typeof pollLease>): Promise<LeasePoll> {
  let last: LeasePoll = { driver: undefined, sign: "dead", waited: 0 };
  for await (const poll of pollLease(...args)) last = poll;
  return last;
}
