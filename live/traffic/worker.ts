/** A worker in the cluster: a service without a front, whose pods take their work themselves. */

import { workerAnnotation } from "../../components/names.ts";
import type { Track } from "../../components/traffic.ts";
import type { Metadata } from "../../kubernetes/objects/metadata.ts";

/** A Deployment, live or as the program describes it. */
interface Marked {
  readonly metadata?: Pick<Metadata, "annotations">;
}

/** Whether a Deployment is that of a worker. */
export function isOfWorker(deployment: Marked | undefined): boolean {
  return deployment?.metadata?.annotations?.[workerAnnotation] === "true";
}

/** Whether the live service is a worker. */
export function isLiveWorker(deployments: Partial<Record<Track, Marked>>): boolean {
  return isOfWorker(deployments.canary) || isOfWorker(deployments.stable);
}
