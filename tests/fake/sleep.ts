import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

/** Lets nobody sleep: what waits between two looks looks again at once. Returns what puts sleep back. */
export function withoutSleep(): () => void {
  const { setTimeout, setImmediate } = timers;
  const set = (sleep: typeof setTimeout) => {
    timers.setTimeout = sleep;
    syncBuiltinESMExports();
  };
  set((_, value) => setImmediate(value));
  return () => set(setTimeout);
}
