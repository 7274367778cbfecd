/** Long work in short slices: between two of them the event loop goes round, so that leases are renewed and requests answered. */

/** Milliseconds of work in one round of the event loop, that of all callers together. */
const roundMilliseconds = 10;

const waiting: (() => void)[] = [];
let running = false;

/**
 * Waits until it is the caller's turn to do a slice of work. Callers have their turns one after another, and what does not fit into this
 * round of the event loop waits for the next one.
 *
 * @example for (const slice of slices) { await turn(); work(slice); }
 */
export function turn(): Promise<void> {
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
    // Goes on once the slice is done: its caller was resumed first.
    await undefined;
  }
  running = waiting.length > 0;
  if (running) setImmediate(round);
}
