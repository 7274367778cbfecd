import type { Cluster } from "./cluster.ts";
import { readService } from "./live.ts";
import { listPods } from "./pods.ts";

/**
 * The share of user traffic that canary's ready pods get of the shared Service, 0 to 1: 0 while it is dark; undefined where
 * no pod is ready.
 */
export async function reachedShare(api: Cluster, namespace: string, service: string): Promise<number | undefined> {
  const [front, pods] = await Promise.all([readService(api, namespace, service), listPods(api, namespace, service)]);
  const selector = front?.spec.selector ?? {};
  const ready = pods.filter(
    (pod) => pod.ready && !pod.ending && (selector.track === undefined || selector.track === pod.track),
  );
  return ready.length === 0 ? undefined : ready.filter(({ track }) => track === "canary").length / ready.length;
}
