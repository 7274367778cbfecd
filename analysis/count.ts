/** Counts of bad events. */

/**
 * Bad events and their exposure: bad answers among requests, or pod failures in pod-seconds.
 *
 * @example const failures: Count = { events: 3, exposure: 1000 };
 */
export interface Count {
  events: number;
  exposure: number;
}

/**
 * The count of one target, a pod or a backend, in one tick of a stream.
 *
 * @example const failures: TargetCount = { target: "web-1", events: 3, exposure: 1000 };
 */
export interface TargetCount extends Count {
  readonly target: string;
}

/** A count of no events. @example nothing() // { events: 0, exposure: 0 } */
export function nothing(): Count {
  return { events: 0, exposure: 0 };
}

/** Adds a count to a total. @example add(total, { events: 3, exposure: 1000 }) */
export function add(total: Count, more: Count): void {
  total.events += more.events;
  total.exposure += more.exposure;
}

/**
 * The sum of counts.
 *
 * @example sum([{ events: 3, exposure: 1000 }, { events: 1, exposure: 500 }]) // { events: 4, exposure: 1500 }
 */
export function sum(counts: readonly Count[]): Count {
  const total = nothing();
  for (const each of counts) add(total, each);
  return total;
}
