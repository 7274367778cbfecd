/** Says that canary's pods have all users, because no pod of stable is ready. Pure. */

import { count } from "../analysis/format.ts";
import type { Pod } from "../analysis/reading.ts";

/**
 * A sentence for the user if canary's ready pods, which were made for its share, have all users of a Service in front of both tracks.
 *
 * @param pods all pods of both tracks
 * @returns undefined if a pod of stable is ready, or none of canary's is
 */
export function overloadOf(pods: readonly Pick<Pod, "track" | "ready" | "terminating">[]): string | undefined {
  const ready = pods.filter((pod) => pod.ready && !pod.terminating);
  const few = ready.filter(({ track }) => track === "canary").length;
  return few < ready.length ? undefined : describeOverload(few);
}

/** The same by the number of canary's ready pods, if stable has none. @returns undefined if canary has none either */
export function describeOverload(pods: number): string | undefined {
  if (pods === 0) return undefined;
  return `No pod of stable is ready, so all users are on ${count(pods, "pod")} of canary, whatever its weight: watch their load until stable has pods again.`;
}
