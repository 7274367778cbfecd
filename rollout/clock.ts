/** The clock of a process, for durations that must not depend on the time of day of any machine. */
import { uptime } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** A monotonic clock. */
export interface Clock {
  /**
   * Milliseconds since an arbitrary moment. Time during which the process was stopped or the machine slept is included.
   */
  now(): number;
  /**
   * Waits.
   *
   * @param background ends the wait, without an error; a wait with it does not keep the process alive
   */
  sleep(milliseconds: number, background?: AbortSignal): Promise<void>;
}

/**
 * The clock of this machine. It is not performance.now(), which stands still while a laptop sleeps and other machines
 * do not.
 */
export const machineClock: Clock = {
  now: () => uptime() * 1000,
  async sleep(milliseconds, background) {
    const ended = () => undefined;
    await sleep(milliseconds, undefined, background && { signal: background, ref: false }).catch(ended);
  },
};
