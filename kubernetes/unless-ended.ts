/**
 * Waits for a promise until a signal is aborted. The work behind the promise goes on, because others may wait for it too.
 *
 * @param signal ends the wait. @default none
 * @returns the value of the promise
 * @throws the signal's reason, or the error of the promise
 * @example const credentials = await unlessEnded(AbortSignal.timeout(500), pending);
 */
export function unlessEnded<T>(signal: AbortSignal | undefined, pending: Promise<T>): Promise<T> {
  if (signal === undefined) return pending;
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    pending.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}
