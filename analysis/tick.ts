/** What happened between two readings: increments, disjoint from those of any other tick. */
export interface Tick {
  /** End of the tick, in milliseconds since the epoch. */
  readonly at: number;
  /** Its length, in seconds. */
  readonly seconds: number;
  readonly targets: readonly TargetTick[];
  readonly pods: readonly PodTick[];
  /** What could not be read, each in a sentence for a person. */
  readonly problems: readonly string[];
}

/** What one unit answered in the tick. */
export interface TargetTick {
  readonly target: string;
  readonly release: string;
  /** Whether the unit is a listed pod, and no gateway's view of one track. */
  readonly pod: boolean;
  /** Requests by status code, `200` or a class such as `5xx`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests measured for their time, and those of them that took longer than each edge, in seconds, rising. */
  readonly latency?: { readonly total: number; readonly slower: readonly (readonly [edge: number, count: number])[] };
  readonly pairs: Readonly<Record<string, { readonly bad: number; readonly total: number }>>;
}

/** How one pod fared in the tick. */
export interface PodTick {
  readonly pod: string;
  readonly release: string;
  readonly track: string;
  readonly ready: boolean;
  /** Restarts of its containers in the tick. */
  readonly restarts: number;
  /** It was ready before, is not now, and was not asked to end. */
  readonly lostReadiness: boolean;
  /** It was listed before, is not now, and was not asked to end: evicted, or deleted by force. */
  readonly vanished: boolean;
}
