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

const share = /^(\d\d?|100)%$/;

/**
 * Validates a number of pods, or a percentage of them.
 *
 * @param least the least number; with 1 also 0 % is refused
 * @example v.is(podAmount(1), "25%") // true
 */
export function podAmount(least: 0 | 1) {
  const message = `must be a whole number of at least ${least}, or a percentage from ${least}% to 100%`;
  const shares = v.custom<`${number}%`>(
    (given) => typeof given === "string" && share.test(given) && Number.parseInt(given, 10) >= least,
    message,
  );
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
