/** The interface of a service level indicator. Each kind is a file of analysis/indicators. */
import type { ArmCounts, Arms } from "./arms.ts";
import type { Increment } from "./increment.ts";

/** The intended split of the traffic. @example const split: Split = { canaryShare: 0.1 }; */
export interface Split {
  /**
   * Share of requests assigned to canary during the tick, 0 to 1. Only for routing of each request by weight alone: through
   * a gateway, without user rules. Otherwise a few long connections would make a healthy canary look as if it lost requests.
   * Absent also if the share was not the same, or not known, for the whole tick.
   */
  readonly canaryShare?: number;
}

/**
 * A service level indicator: one kind of bad event. It may have several streams, as latency has one for each edge of the
 * histogram. To add one, write a file of analysis/indicators and a line in built-in.ts; or give your own to `new Evidence`.
 *
 * @example
 * ```ts
 * const indicators: Indicator[] = [...indicatorsOf([], false).slice(0, 3), redirects(1 / 6)];
 * const evidence = new Evidence({ canary: "2.0", stable: ["1.9"] }, indicators);
 * ```
 */
export interface Indicator {
  readonly name: string;
  /** Its share of alpha, 0 to 1; the shares of all indicators add up to 1. */
  readonly alphaShare: number;
  /** The bad event as a verb phrase, as "answers 5xx" in "canary answers 5xx 4.8 times as often as stable". */
  symptom(stream: string): string;
  /** The increments of its streams, by the streams' names. */
  increments(armCounts: ArmCounts, arms: Arms, split: Split): Map<string, Increment>;
  /** What its streams differ in, as "edges", and how many of them are compared at most. @default it has one stream */
  readonly several?: { readonly of: string; readonly atMost: number };
  /**
   * The streams that users notice; the others do not prevent a good verdict. @default all
   *
   * @param streams names of its streams
   * @param seconds latency below which users notice no difference
   */
  noticed?(streams: readonly string[], seconds: number): readonly string[];
  /** A stream as a thing that is measured, for the user, as in "answers over 10 ms". @default the stream's name */
  measure?(stream: string): string;
  /** Whether it is ignored during the warm-up, because caches and connections are cold. */
  readonly excusedByWarmUp: boolean;
  /** Whether its events are requests and its exposure all requests, so that canary's own rate can be judged. */
  readonly ofRequests: boolean;
  /** Whether its events are pod failures, which a good verdict checks with the pods. */
  readonly ofPods: boolean;
  /** Whether a good verdict needs it even without a stable arm to compare with. */
  readonly countsAlone: boolean;
  /** Whether the objective limits its rate, so that canary can be called bad without a stable arm. It has one stream. */
  readonly hasObjective: boolean;
}

/**
 * Creates an indicator with its share of alpha, 0 to 1.
 *
 * @example
 * ```ts
 * const redirects: IndicatorKind = (alphaShare) => ({
 *   name: "redirects",
 *   alphaShare,
 *   symptom: () => "redirects",
 *   increments: (armCounts) =>
 *     new Map([["redirects", incrementOf(armCounts, ({ moved, requests }) => ({ events: moved, exposure: requests }))]]),
 *   excusedByWarmUp: false,
 *   ofRequests: true,
 *   ofPods: false,
 *   countsAlone: true,
 *   hasObjective: false,
 * });
 * ```
 */
export type IndicatorKind = (alphaShare: number) => Indicator;
