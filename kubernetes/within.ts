import { type Cluster, Unreachable } from "./cluster.ts";

/**
 * Works with the API server for some milliseconds: calls that are not answered by then end.
 *
 * @throws Unreachable then; what the work throws
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
