/** The name of the user that the API server sees. */

import { oneLine } from "../border/foreign-text.ts";
import type { Cluster } from "./cluster.ts";
import { clusterListPath, typeOf } from "./resources.ts";

/** Longest name, in characters. */
const nameLimit = 253;

/**
 * Our user name as the API server authenticated it (SelfSubjectReview, KEP-3325), so that it cannot be forged.
 *
 * @throws ApiError or Unreachable if the API server does not report it
 */
export async function whoAmI(api: Pick<Cluster, "create">): Promise<string> {
  const review = await api.create(clusterListPath("SelfSubjectReview"), typeOf("SelfSubjectReview"));
  return oneLine(review.status.userInfo.username, nameLimit);
}
