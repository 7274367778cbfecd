import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import timers from "node:timers/promises";

/** Lets nobody sleep: what waits between two looks looks again at once. Returns what puts sleep back. @param slept takes each time that would be slept, in milliseconds */
export function withoutSleep(slept: (milliseconds: number) => void = () => {}): () => void {
  const { setTimeout, setImmediate } = timers;
  const set = (sleep: typeof setTimeout) => {
    timers.setTimeout = sleep;
    syncBuiltinESMExports();
  };
  set((milliseconds, value) => {
    slept(milliseconds ?? 0);
    return setImmediate(value);
  });
  return () => set(setTimeout);
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
