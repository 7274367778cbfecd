/** Estimates by how much correlated events must be discounted, from the differences between stable's pods. */
import type { Count } from "./count.ts";

/**
 * The overdispersion of events between stable's pods.
 *
 * 1. Within a tick: a client that retries turns one error into five. If such bursts counted as independent events, healthy
 *    releases would be called bad (33 % false alarms at a margin of 1.25). Pearson's χ²/df over the pods, with each tick
 *    weighted by its events, tends to E[N²]/E[N] for bursts of size N.
 * 2. Over all ticks: pods differ, and one canary pod is one sample of them. The χ²/df of the pods' totals grows with the
 *    number of events, so many requests to one pod never give more evidence than one pod can.
 *
 * The larger of the two is used, each minus its standard error, so that chance differences between equal pods discount
 * nothing. It is a heuristic guard: it can make evidence only smaller.
 */
export interface Dispersion {
  /** Sum over ticks of events times χ²/df. */
  weighted: number;
  /** Sum over ticks of events. */
  events: number;
  /** Sum over ticks of degrees of freedom. */
  degrees: number;
}

/** Adds the events of one tick, pod by pod. @example addDispersion(stream.dispersion, increment.stablePods) */
export function addDispersion(known: Dispersion, pods: readonly Count[]): void {
  const found = chiSquarePerDegree(pods);
  if (!found) return;
  known.weighted += found.events * found.ratio;
  known.events += found.events;
  known.degrees += found.degrees;
}

/**
 * The dispersion factor, 1 or more: the number of events that count as one. 1 without data.
 *
 * @param totals events and exposure of each stable pod over all ticks
 * @example dispersionOf({ weighted: 0, events: 0, degrees: 0 }, []) // 1
 */
export function dispersionOf({ weighted, events, degrees }: Dispersion, totals: readonly Count[]): number {
  const ofTicks = events > 0 ? weighted / events - Math.sqrt(2 / degrees) : 1;
  return Math.max(ofTicks, dispersionBetween(totals));
}

/**
 * The part of the dispersion factor that comes from the differences between pods, 1 or more. 1 without data.
 *
 * @param totals events and exposure of each stable pod over all ticks
 * @example dispersionBetween([{ events: 9, exposure: 100 }, { events: 9, exposure: 100 }]) // 1
 */
export function dispersionBetween(totals: readonly Count[]): number {
  const found = chiSquarePerDegree(totals);
  return found ? Math.max(1, found.ratio - Math.sqrt(2 / found.degrees)) : 1;
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
