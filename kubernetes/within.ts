import { Unreachable } from "./api-error.ts";
import type { Cluster } from "./cluster.ts";

/**
 * Limits the time of calls to the API server: calls that are not answered by then are aborted.
 *
 * @param milliseconds limit for all the work together
 * @throws Unreachable after the limit; any error of the work
 * @example await within(api, 2000, (limited) => limited.get(path))
 */
export async function within<T>(
  api: Pick<Cluster, "until">,
  milliseconds: number,
  work: (api: Cluster) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(milliseconds);
  try {
    return await work(api.until(limit));
  } catch (error) {
    if (error !== limit.reason) throw error;
    throw new Unreachable(`The cluster did not answer within ${milliseconds / 1000} s.`);
  }
}
