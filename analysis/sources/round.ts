/** Long work in short slices: between two of them the event loop goes round, so that leases are renewed and requests answered. */

/** Milliseconds of work in one round of the event loop, that of all callers together. */
const roundMilliseconds = 10;

let next: Promise<void> | undefined;
let ends = 0;

/**
 * Waits for the next round of the event loop where the work of this one has taken its time. The caller that comes first in a round
 * works first, so that one answer after another is done, rather than all of them late.
 *
 * @example for (const slice of slices) { await roundWithTime(); work(slice); }
 */
export async function roundWithTime(): Promise<void> {
  while (performance.now() >= ends) {
    next ??= nextRound();
    await next;
  }
}

function nextRound(): Promise<void> {
  return new Promise((begun) => {
    setImmediate(() => {
      next = undefined;
      ends = performance.now() + roundMilliseconds;
      begun();
    });
  });
}
