/** Divides long work into slices, so that the event loop can renew leases and answer requests in between. */

/** Milliseconds of work per round of the event loop, for all callers together. */
const roundMilliseconds = 10;

const waiting: (() => void)[] = [];
let running = false;

/**
 * Waits for the caller's turn to do a slice of work. Callers take turns. A slice that does not fit into this round of the
 * event loop waits for the next round.
 *
 * @example for (const slice of slices) { await timeSlice(); work(slice); }
 */
export function timeSlice(): Promise<void> {
  return new Promise((begin) => {
    waiting.push(begin);
    if (!running) setImmediate(round);
    running = true;
  });
}

async function round(): Promise<void> {
  const ends = performance.now() + roundMilliseconds;
  while (waiting.length > 0 && performance.now() < ends) {
    waiting.shift()?.();
    // Continues after the slice, because its caller is resumed first.
    await undefined;
  }
  running = waiting.length > 0;
  if (running) setImmediate(round);
}
