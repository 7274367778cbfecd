/** Recognizes requests that no user sent by their rate: kubelet's probes, and the reading of the metrics itself. */

/** Subsets double with each source; a pod has few probes. */
const sourcesAtMost = 6;
/** By how much a count may differ from the expected one: probes begin at any time of their period, and answers may be late. */
const tolerance = { share: 0.05, requests: 5 };

/**
 * Whether requests came at the rate of routine ones: of any of the sources together, because a service may count the requests of one
 * probe and not those of another. Users would have to come at just that rate.
 *
 * @param requests all requests
 * @param expected how many came from each source in the same time
 * @example isRoutine(910, [450, 455]) // true
 */
export function isRoutine(requests: number, expected: readonly number[]): boolean {
  const sums = expected
    .slice(0, sourcesAtMost)
    .reduce<readonly number[]>((sums, each) => sums.flatMap((sum) => [sum, sum + each]), [0]);
  return sums.some((sum) => sum > 0 && Math.abs(requests - sum) <= tolerance.share * sum + tolerance.requests);
}

/**
 * Adds the expected requests of a target to those of others, source by source.
 *
 * @example addRoutine([1, 4], [1, 5]) // [2, 9]
 */
export function addRoutine(total: readonly number[], more: readonly number[]): number[] {
  return Array.from({ length: Math.max(total.length, more.length) }, (_, at) => (total[at] ?? 0) + (more[at] ?? 0));
}
