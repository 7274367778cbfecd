/**
 * What comes of a promise that others may wait for as well, unless a signal comes first.
 *
 * @param signal ends the waiting, not the work. @default none
 * @throws the signal's reason; what the promise rejects with
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
