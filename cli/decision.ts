/** The decision of the user who runs a command. */
import type { Cluster } from "../kubernetes/cluster.ts";
import { whoAmI } from "../kubernetes/who.ts";
import type { Decision } from "../rollout/rollout.ts";

/**
 * The user's decision, made now.
 *
 * @throws ApiError or Unreachable if the API server does not report who the user is
 */
export async function decisionFor(api: Cluster, reason: string): Promise<Decision> {
  return { by: await whoAmI(api), reason, at: new Date().toISOString() };
}
