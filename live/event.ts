import { createHash } from "node:crypto";
import { oneLine } from "../border/foreign-text.ts";
import type { Track } from "../components/traffic.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "./live.ts";

/** Something that people are to read in `kubectl describe`. */
export interface EventContent {
  readonly type: "Normal" | "Warning";
  /** In UpperCamelCase, as Kubernetes has them. */
  readonly reason: string;
  readonly message: string;
  /** What tells it apart from whatever else happened in the namespace: it is then written once, whoever tells it again. */
  readonly once?: string;
}

/**
 * Writes a Kubernetes Event on a Deployment, so that `kubectl describe` tells what was decided and why. The decision
 * stands whether or not it can be told: an Event that cannot be written, for whatever reason, is a warning.
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
  const written = api.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { ...named, namespace },
    involvedObject: { apiVersion: "apps/v1", kind: "Deployment", name, namespace, uid },
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

/** Bytes that the message of an Event may have (its API, events.k8s.io/v1, calls it the note). */
const messageBytes = 1024;

/** A message in one line, cut off where it is too long for an Event. */
function fitted(message: string): string {
  const line = oneLine(message, messageBytes);
  const bytes = Buffer.from(line);
  if (bytes.length <= messageBytes) return line;
  const end = "…";
  // A character of which only the beginning is left is decoded as this one.
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
