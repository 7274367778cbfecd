/** Counts of bad events. */

/** Bad events and their exposure: bad answers among requests, or pod failures in pod-seconds. */
export interface Count {
  events: number;
  exposure: number;
}

/** The count of one target, a pod or a backend, in one tick of a stream. */
export interface TargetCount extends Count {
  readonly target: string;
}

/** A count of no events. */
export function nothing(): Count {
  return { events: 0, exposure: 0 };
}

/** Adds a count to a total. */
export function add(total: Count, more: Count): void {
  total.events += more.events;
  total.exposure += more.exposure;
}

/** The sum of counts. */
export function sum(counts: readonly Count[]): Count {
  const total = nothing();
  for (const each of counts) add(total, each);
  return total;
}
