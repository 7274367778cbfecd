/** What one look at a service saw: its pods, and raw counters as they stand since each process began. */
export interface Reading {
  /** When, in milliseconds since the epoch, on the observer's clock. */
  readonly at: number;
  /** All pods of both tracks. Where they could not be listed there is no reading: a pod is new if no earlier one had it. */
  readonly pods: readonly Pod[];
  readonly targets: readonly TargetReading[];
}

/** A pod of either track, as the API server lists it. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  /** Id of the release that it runs. */
  readonly release: string;
  readonly track: string;
  readonly ready: boolean;
  /** Asked to end: it may lose its readiness without that being a fault. */
  readonly terminating: boolean;
  /** Restarts of all its containers together, since it was made. */
  readonly restarts: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Ports of its containers, in their order. */
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
}

/** The counters of one thing that answers requests: a pod, or a gateway's view of one track. */
export interface TargetReading {
  /** Name of the pod, or of the backend. */
  readonly target: string;
  /** Id of the release that answers; empty where more than one does. */
  readonly release: string;
  /**
   * Everything that was asked for. Absent where it could not be read as a whole, because half of a unit's counters would
   * pass for all of them: its errors may be in the other half.
   */
  readonly samples?: readonly Sample[];
  /** What is wrong with the unit, a sentence that names it. Always there where samples are not. */
  readonly problem?: string;
}

/** One time series at one moment. Series are never added up before their increments are taken, or a reset would hide. */
export interface Sample {
  /** Name and labels, which tell it from the unit's other series. */
  readonly id: string;
  /** Series that are counted together: the buckets of one histogram. @default the id */
  readonly group?: string;
  /** Which of the unit's processes counts it: the series of one begin anew together. @default its only one */
  readonly process?: string;
  readonly counter: Counter;
  /** Never negative, never NaN: with such a sample the unit counts as not read. */
  readonly value: number;
  /** When the value was taken, in milliseconds since the epoch. @default the time of the reading */
  readonly at?: number;
}

/** What a series counts. */
export type Counter =
  /** Requests answered with this status code, `200` or a class such as `5xx`. */
  | { readonly kind: "requests"; readonly code: string }
  /** Requests that took at most this many seconds; `Infinity` counts all. */
  | { readonly kind: "within"; readonly seconds: number }
  /** One half of a pair that the user named. */
  | { readonly kind: "pair"; readonly name: string; readonly of: "bad" | "total" };

/** Where counters come from. A new source is one file that implements this. */
export interface MetricSource {
  /** In words for a person, as in "read from the pods' own /metrics". */
  describe(): string;
  /**
   * The counters of these pods, now. What cannot be read is a unit with a `problem`, never an exception and never a zero.
   *
   * @param pods all pods of both tracks
   * @param signal ends a look that takes too long
   */
  read(pods: readonly Pod[], signal: AbortSignal): Promise<readonly TargetReading[]>;
}
