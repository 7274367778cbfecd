import { leaseDefaults } from "../components/defaults.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import { type Clock, machineClock } from "./clock.ts";
import { type Driver, type Leased, readDriver } from "./lease.ts";

/** Whether somebody drives, as far as it was seen. */
export type Sign = "alive" | "dead" | "unknown";

/**
 * What was seen of the Lease of a rollout, look by look. Clocks of two machines are never compared: a time that the holder wrote
 * decides nothing.
 *
 * 1. Nobody has it, or its process is known to be gone from this very machine: dead.
 * 2. It was written since an earlier look: alive, for as long as it lasts and a margin.
 * 3. It was not written for that long: dead.
 * 4. Otherwise that is still to be seen.
 */
export class Observation {
  private readonly clock: Clock;
  private seen: { readonly version: string | undefined; readonly at: number; readonly written: boolean } | undefined;

  constructor(clock: Clock = machineClock) {
    this.clock = clock;
  }

  /** Takes a look. */
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

  /** Forgets the time that has passed: what nobody could see is no sign of a dead driver. */
  missed(): void {
    if (this.seen) this.seen = { ...this.seen, at: this.clock.now() };
  }
}

/** Milliseconds without a sign of life after which a driver is dead. */
function patienceOf({ lasts }: Driver): number {
  return lasts + leaseDefaults.marginSeconds * 1000;
}

/** Milliseconds between two looks. */
const pollMilliseconds = 500;
/** Milliseconds after which a person is told what is waited for. */
const quietMilliseconds = 2000;

/** A look at who drives. */
export interface Look {
  readonly driver: Driver | undefined;
  readonly sign: Sign;
  /** Milliseconds since the first one. */
  readonly waited: number;
}

/**
 * Looks at who drives the rollout, from now on, until it is known whether somebody does: mostly until the holder of its Lease
 * renews it, and for as long as that lasts and a margin at most.
 *
 * @param note what a person is to know: what is waited for
 */
export async function* looks(
  of: Leased,
  note: (sentence: string) => void,
  clock: Clock = machineClock,
): AsyncGenerator<Look> {
  const observation = new Observation(clock);
  const began = clock.now();
  for (let said = false; ; ) {
    let driver: Driver | undefined;
    try {
      driver = await readDriver(of);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      observation.missed();
      await clock.sleep(pollMilliseconds);
      continue;
    }
    const sign = observation.see(driver);
    const waited = clock.now() - began;
    yield { driver, sign, waited };
    if (!driver || sign !== "unknown") return;
    if (!said && waited >= quietMilliseconds) {
      const most = Math.ceil((patienceOf(driver) - waited) / 1000);
      note(
        `${driver.name} has the lease of the rollout of ${of.service}: waiting for a sign of life, ${most} s at most.`,
      );
      said = true;
    }
    await clock.sleep(pollMilliseconds);
  }
}

/** Who drives the rollout, and whether it is alive; takes as long as `looks`. */
export async function awaitSign(...args: Parameters<typeof looks>): Promise<Look> {
  let last: Look = { driver: undefined, sign: "dead", waited: 0 };
  for await (const look of looks(...args)) last = look;
  return last;
}
