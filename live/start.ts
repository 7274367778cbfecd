/** How long the pods of a service took to start. Pure. */

import type { PodObject } from "../kubernetes/objects/pod.ts";

/**
 * Seconds from creation to ready of the pods that are ready, by the release that they run: the median, because a pod that lost and
 * regained its readiness seems to have started late.
 */
export function measuredStart(pods: readonly PodObject[]): Readonly<Record<string, number>> {
  const byRelease = new Map<string, number[]>();
  for (const { metadata, status } of pods) {
    const ready = status.conditions?.find(({ type, status }) => type === "Ready" && status === "True");
    const seconds = (Date.parse(ready?.lastTransitionTime ?? "") - Date.parse(metadata.creationTimestamp)) / 1000;
    if (!(seconds >= 0)) continue;
    const release = metadata.labels?.release ?? "";
    byRelease.set(release, [...(byRelease.get(release) ?? []), seconds]);
  }
  const medians = [...byRelease].map(([release, all]) => {
    const ascending = all.sort((a, b) => a - b);
    return [release, ascending[Math.floor((all.length - 1) / 2)] as number] as const;
  });
  return Object.fromEntries(medians);
}
