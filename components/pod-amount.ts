/** A number of pods as Kubernetes takes it: a whole number, or a share of a track's pods (IntOrString). */
import * as v from "valibot";
import { wholeNumber } from "./schema.ts";

/**
 * A number of pods, or a whole percentage of the pods of a track.
 *
 * @example
 * ```ts
 * const maxSurge: PodAmount = "25%"; // of 9 pods 3, because a surge is rounded up
 * ```
 */
export type PodAmount = number | `${number}%`;

const share = /^\d+%$/;

/**
 * Validates a number of pods, or a percentage of them. As in Kubernetes, only a number of missing pods ends at 100 %.
 *
 * @param least the least number; with 1 also 0 % is refused
 * @param most the most percent. @default no limit
 * @example v.is(podAmount(1), "200%") // true
 */
export function podAmount(least: 0 | 1, most = Number.POSITIVE_INFINITY) {
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}%` : `from ${least}% to ${most}%`;
  const message = `must be a whole number of at least ${least}, or a percentage ${range}`;
  const shares = v.custom<`${number}%`>((given) => {
    const percent = typeof given === "string" && share.test(given) ? Number.parseInt(given, 10) : Number.NaN;
    return percent >= least && percent <= most;
  }, message);
  return v.union([wholeNumber(least), shares], message);
}

/**
 * The pods of an amount, as the Deployment controller rounds them: a surge up, what may be missing down.
 *
 * @example podsOf("25%", 9, Math.ceil) // 3
 */
export function podsOf(amount: PodAmount, replicas: number, round: (pods: number) => number): number {
  return typeof amount === "number" ? amount : round((Number.parseInt(amount, 10) * replicas) / 100);
}
