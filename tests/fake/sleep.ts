import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import timers from "node:timers/promises";

/** Everybody sleeps in this way from now on. Returns what puts sleep back. */
function sleepingBy(sleep: typeof timers.setTimeout): () => void {
  const set = (to: typeof sleep) => {
    timers.setTimeout = to;
    syncBuiltinESMExports();
  };
  const { setTimeout } = timers;
  set(sleep);
  return () => set(setTimeout);
}

/**
 * Lets nobody sleep: what waits between two looks looks again at once. Returns what puts sleep back.
 *
 * @param slept takes each time that would have been slept, in milliseconds
 */
export function withoutSleep(slept: (milliseconds: number) => void = () => {}): () => void {
  const { setImmediate } = timers;
  return sleepingBy((milliseconds, value) => {
    slept(milliseconds ?? 0);
    return setImmediate(value);
  });
}

/** Only its signal ends a sleep. Returns what puts sleep back. */
export function sleepForever(): () => void {
  return sleepingBy(
    (_, __, { signal } = {}) =>
      new Promise((_, end) => {
        if (signal?.aborted) end(signal.reason);
        signal?.addEventListener("abort", () => end(signal.reason));
      }),
  );
}

/** Nobody sleeps, and the clock of the machine goes on by as much as they would have slept. Returns what puts both back. */
export function passingTime(): () => void {
  const { uptime } = os;
  let passed = 0;
  os.uptime = () => uptime() + passed / 1000;
  const restore = withoutSleep((milliseconds) => {
    passed += milliseconds;
  });
  return () => {
    os.uptime = uptime;
    restore();
  };
}
