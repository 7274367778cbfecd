/** Writes Kubernetes Events on the Deployments of a service. */

import { createHash } from "node:crypto";
import { oneLine } from "../border/foreign-text.ts";
import type { Track } from "../components/traffic.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { listPath, typeOf } from "../kubernetes/resources.ts";

/** The content of an Event. */
export interface EventContent {
  readonly type: "Normal" | "Warning";
  /** In UpperCamelCase, as Kubernetes' own reasons. */
  readonly reason: string;
  /** Shortened to one line of 1024 bytes. */
  readonly message: string;
  /** A key that is unique to this change. The Event is then written once, whichever driver reports the change. @default none */
  readonly once?: string;
}

/**
 * Writes a Kubernetes Event on a Deployment, so that `kubectl describe` shows the decision and its reason. The decision does not depend
 * on the Event: if it cannot be written, a warning is printed.
 */
export async function writeEvent(
  api: Cluster,
  on: DeploymentObject,
  type: EventContent["type"],
  reason: string,
  message: string,
  once?: string,
): Promise<void> {
  const { name, namespace, uid } = on.metadata;
  const now = new Date().toISOString();
  const named = once === undefined ? { generateName: `${name}-` } : { name: `${name}.${shortHash(`${uid} ${once}`)}` };
  const written = api.create(listPath("Event", namespace), {
    ...typeOf("Event"),
    metadata: { ...named, namespace },
    involvedObject: { ...typeOf("Deployment"), name, namespace, uid },
    type,
    reason,
    message: fitted(message),
    source: { component: "gray-release" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
  await written.catch((error: Error) => {
    if (once !== undefined && error instanceof ApiError && error.status === 409) return;
    console.warn(`The Event ${reason} on Deployment ${name} could not be written: ${oneLine(error.message)}`);
  });
}

/** Writes an Event on the Deployment of each track. */
export async function writeEvents(
  { api, deployments }: { readonly api: Cluster; readonly deployments: Partial<Record<Track, DeploymentObject>> },
  { type, reason, message, once }: EventContent,
): Promise<void> {
  for (const deployment of Object.values(deployments)) await writeEvent(api, deployment, type, reason, message, once);
}

/** Longest message of an Event, in bytes (the limit of `note` in events.k8s.io/v1). */
const messageBytes = 1024;

/** A message in one line, shortened to the limit of an Event. */
function fitted(message: string): string {
  const line = oneLine(message, messageBytes);
  const bytes = Buffer.from(line);
  if (bytes.length <= messageBytes) return line;
  const end = "…";
  // A character that was cut in two is decoded as U+FFFD.
  return (
    bytes
      .subarray(0, messageBytes - Buffer.byteLength(end))
      .toString()
      .replace(/\ufffd+$/, "") + end
  );
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
