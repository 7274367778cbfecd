/** A service in a cluster: what most calls about a service need. */

import type { Cluster } from "./cluster.ts";

/**
 * A service in a cluster, and the client that reaches it. Functions about one service take it as their first argument.
 *
 * @example const web: ServiceHandle = { api: connect(findAccess()), namespace: "dora-apps", service: "web" };
 */
export interface ServiceHandle {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
}
