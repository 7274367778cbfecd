/** How long the pods of a service took to start. Pure. */

import type { PodObject } from "../kubernetes/objects/pod.ts";

/**
 * Seconds from creation to ready of the pods that are ready: the median of each release, and of these the longest, because canary may run
 * a slower release. The median, because a pod that lost and regained its readiness seems to have started late.
 *
 * @returns undefined if no pod is ready
 */
export function startSecondsOf(pods: readonly PodObject[]): number | undefined {
  const byRelease = new Map<string | undefined, number[]>();
  for (const { metadata, status } of pods) {
    const ready = status.conditions?.find(({ type, status }) => type === "Ready" && status === "True");
    const seconds = (Date.parse(ready?.lastTransitionTime ?? "") - Date.parse(metadata.creationTimestamp)) / 1000;
    if (!(seconds >= 0)) continue;
    const release = metadata.labels?.release;
    byRelease.set(release, [...(byRelease.get(release) ?? []), seconds]);
  }
  const medians = [...byRelease.values()].map(
    (all) => all.sort((a, b) => a - b)[Math.floor((all.length - 1) / 2)] ?? 0,
  );
  return medians.length === 0 ? undefined : Math.max(...medians);
}
