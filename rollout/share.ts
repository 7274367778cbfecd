import type { Pod } from "../analysis/reading.ts";
import type { Cluster } from "./cluster.ts";
import { readService, type ServiceObject } from "./live.ts";
import { listPods } from "./pods.ts";

/** `shareOf` the shared Service and the pods of now. */
export async function reachedShare(api: Cluster, namespace: string, service: string): Promise<number | undefined> {
  const [front, pods] = await Promise.all([readService(api, namespace, service), listPods(api, namespace, service)]);
  return shareOf(front, pods);
}

/**
 * The share of user traffic that canary's ready pods get of the shared Service, 0 to 1: 0 while it is dark; undefined where
 * no pod is ready.
 */
export function shareOf(front: ServiceObject | undefined, pods: readonly Pod[]): number | undefined {
  const selector = front?.spec.selector ?? {};
  const ready = pods.filter(
    (pod) => pod.ready && !pod.ending && (selector.track === undefined || selector.track === pod.track),
  );
  return ready.length === 0 ? undefined : ready.filter(({ track }) => track === "canary").length / ready.length;
}
