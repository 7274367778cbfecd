import type { Count } from "./stream.ts";

/**
 * How far the events of stable's pods are from independent ones, which is by how much they must be discounted.
 *
 * 1. Within a tick: a client that retries makes five errors of one, and bunches taken for independent events convict the
 *    innocent (33 % false alarms at a margin of 1.25). Pearson's χ²/df over the pods, each tick with the weight of its
 *    events, tends to E[N²]/E[N] for bunches of size N.
 * 2. Over all ticks: no two pods are alike, and one canary pod is one draw of them. The same χ²/df of the pods' totals grows with
 *    their number, so evidence of many requests to one pod never exceeds what one pod can say.
 *
 * The larger of the two counts, each less its standard error, so that pods that are alike are not discounted by chance. A
 * heuristic guard: it makes evidence smaller, never larger.
 */
export interface Dispersion {
  /** Sum over ticks of events times χ²/df. */
  weighted: number;
  /** Sum over ticks of events. */
  events: number;
  /** Sum over ticks of degrees of freedom. */
  degrees: number;
}

/** Adds the events of one tick, pod by pod. */
export function addDispersion(known: Dispersion, pods: readonly Count[]): void {
  const found = chiSquarePerDegree(pods);
  if (!found) return;
  known.weighted += found.events * found.ratio;
  known.events += found.events;
  known.degrees += found.degrees;
}

/** How many events come together as one, 1 or more; 1 where nothing is known. @param totals of stable's pods */
export function dispersionOf({ weighted, events, degrees }: Dispersion, totals: readonly Count[]): number {
  const found = chiSquarePerDegree(totals);
  const ofTicks = events > 0 ? weighted / events - Math.sqrt(2 / degrees) : 1;
  const ofPods = found ? found.ratio - Math.sqrt(2 / found.degrees) : 1;
  return Math.max(1, ofTicks, ofPods);
}

function chiSquarePerDegree(pods: readonly Count[]): { ratio: number; events: number; degrees: number } | undefined {
  let [busy, events, exposure] = [0, 0, 0];
  for (const pod of pods) {
    if (!(pod.exposure > 0)) continue;
    busy++;
    events += pod.events;
    exposure += pod.exposure;
  }
  if (busy < 2 || events === 0) return undefined;
  let chiSquare = 0;
  for (const pod of pods) {
    if (!(pod.exposure > 0)) continue;
    const expected = (events * pod.exposure) / exposure;
    chiSquare += (pod.events - expected) ** 2 / expected;
  }
  return { ratio: chiSquare / (busy - 1), events, degrees: busy - 1 };
}
