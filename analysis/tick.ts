/** The input of the evidence: increments and pod failures of one tick. */
/**
 * Increments between two readings, disjoint from those of any other tick.
 *
 * @example const tick: Tick = { at: Date.now(), seconds: 5, targets: [target], pods: [pod], problems: [] };
 */
export interface Tick {
  /** End of the tick, in milliseconds since the epoch. */
  readonly at: number;
  /** Length of the tick, in seconds. */
  readonly seconds: number;
  readonly targets: readonly TargetTick[];
  readonly pods: readonly PodTick[];
  /** Targets that could not be read, and why, each as a sentence. */
  readonly problems: readonly string[];
  /**
   * The same by the release of their targets, with the empty text for an unknown release. @default unknown, so that each problem
   * concerns both arms
   */
  readonly problemsOf?: Readonly<Record<string, readonly string[]>>;
}

/**
 * The answers of one target in the tick.
 *
 * @example
 * ```ts
 * const target: TargetTick = {
 *   target: "web-1",
 *   release: "2.0",
 *   pod: true,
 *   requests: { 200: 97, 503: 3 },
 *   latency: { total: 100, slower: [[0.1, 20], [1, 2]] },
 *   pairs: {},
 * };
 * ```
 */
export interface TargetTick {
  readonly target: string;
  readonly release: string;
  /** Whether the target is a pod, and not one track as a gateway counts it. */
  readonly pod: boolean;
  /** Requests by status code, `200` or a class such as `5xx`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Number of measured requests, and how many took longer than each edge. Edges are in seconds and ascending. */
  readonly latency?: { readonly total: number; readonly slower: readonly (readonly [edge: number, count: number])[] };
  /** How many requests of the tick may be routine, by their source: the reading itself, and each probe. @default none */
  readonly routine?: readonly number[];
  /** Increments of the pairs that the user defined, by name. */
  readonly pairs: Readonly<Record<string, { readonly bad: number; readonly total: number }>>;
}

/**
 * The state and the failures of one pod in the tick.
 *
 * @example
 * ```ts
 * const pod: PodTick = {
 *   pod: "web-1",
 *   release: "2.0",
 *   track: "canary",
 *   ready: true,
 *   restarts: 0,
 *   lostReadiness: false,
 *   vanished: false,
 * };
 * ```
 */
export interface PodTick {
  readonly pod: string;
  readonly release: string;
  readonly track: string;
  readonly ready: boolean;
  /** Restarts of its containers in the tick. */
  readonly restarts: number;
  /** Whether it was ready before, is not ready now, and is not terminating. */
  readonly lostReadiness: boolean;
  /** Whether it was listed before, is not listed now, and was not terminating: evicted, or deleted by force. */
  readonly vanished: boolean;
}
