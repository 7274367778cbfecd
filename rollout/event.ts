import type { Cluster } from "./cluster.ts";
import type { DeploymentObject } from "./live.ts";

/**
 * Writes a Kubernetes Event on a Deployment, so that `kubectl describe` tells what was decided and why. The decision
 * stands whether or not it can be told: an Event that cannot be written, for whatever reason, is a warning.
 */
export async function writeEvent(
  api: Cluster,
  on: DeploymentObject,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
): Promise<void> {
  const { name, namespace, uid } = on.metadata;
  const now = new Date().toISOString();
  const written = api.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { generateName: `${name}-`, namespace },
    involvedObject: { apiVersion: "apps/v1", kind: "Deployment", name, namespace, uid },
    type,
    reason,
    message: message.slice(0, 1024),
    source: { component: "gray-release" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
  await written.catch((error: Error) => {
    console.warn(`The Event ${reason} on Deployment ${name} could not be written: ${error.message}`);
  });
}
