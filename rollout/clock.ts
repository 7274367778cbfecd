import { uptime } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Time as one process sees it, for what must not depend on what any machine takes the time of day to be. */
export interface Clock {
  /** Milliseconds since some moment; those in which the process was stopped, or the machine asleep, are counted. */
  now(): number;
  /** @param background ends it, quietly; a sleep with one does not keep the process alive */
  sleep(milliseconds: number, background?: AbortSignal): Promise<void>;
}

/** The one of this machine. Not performance.now(), which stands still while a laptop sleeps and others do not. */
export const machineClock: Clock = {
  now: () => uptime() * 1000,
  async sleep(milliseconds, background) {
    const ended = () => undefined;
    await sleep(milliseconds, undefined, background && { signal: background, ref: false }).catch(ended);
  },
};
