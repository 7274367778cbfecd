/** The raw input of the analysis: pods and cumulative counters at one moment, and the interface of their sources. */
/**
 * The result of one poll of a service: its pods, and raw counters since the start of each process.
 *
 * @example
 * const reading: Reading = { at: Date.now(), pods: [], targets: [{ target: "web", release: "2.0", samples }] };
 */
export interface Reading {
  /** Time of the poll, in milliseconds since the epoch, on the observer's clock. */
  readonly at: number;
  /** All pods of both tracks. If the list is not available there is no reading: a missing pod would later count as new. */
  readonly pods: readonly Pod[];
  readonly targets: readonly TargetReading[];
}

/**
 * A pod of either track, as the API server lists it.
 *
 * @example
 * ```ts
 * const pod: Pod = {
 *   name: "web-1",
 *   uid: "5f0c",
 *   release: "2.0",
 *   track: "canary",
 *   ready: true,
 *   terminating: false,
 *   restarts: 0,
 *   annotations: {},
 *   ports: [{ containerPort: 8080 }],
 * };
 * ```
 */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  /** Id of the release that the pod runs. */
  readonly release: string;
  readonly track: string;
  readonly ready: boolean;
  /** Whether its deletion was requested; then losing its readiness is not a failure. */
  readonly terminating: boolean;
  /**
   * Whether it may end between two readings without being seen as terminating, because no container has a preStop. Then it is no failure that
   * it is gone. @default false
   */
  readonly endsAtOnce?: boolean;
  /** Restarts of all its containers since its creation. */
  readonly restarts: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Ports of its containers, in the order of the pod's spec. */
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
  /** Whether it answers gRPC calls, as its first port's name or its readiness probe says. @default false */
  readonly grpc?: boolean;
  /** Requests per second of each of kubelet's HTTP probes, in any order that is the same in each poll. @default none */
  readonly probes?: readonly number[];
}

/**
 * The counters of one target: a pod, or one track as a gateway counts it.
 *
 * @example const unreadable: TargetReading = { target: "web-1", release: "2.0", problem: "web-1 does not answer." };
 */
export interface TargetReading {
  /** Name of the pod, or of the backend. */
  readonly target: string;
  /** Id of the release that answers; empty if the target mixes releases. */
  readonly release: string;
  /**
   * All requested counters of the target. Absent if any of them could not be read, because the missing ones may be the
   * errors.
   */
  readonly samples?: readonly Sample[];
  /** Requests that no user sends and the target may count: by each reading, and per second by each probe. @default none */
  readonly routine?: { readonly perReading: number; readonly perSecond: readonly number[] };
  /** Why the target cannot be read, or only in part, as a sentence that names it. Always present without samples. */
  readonly problem?: string;
}

/**
 * One time series at one moment. Increments are taken before series are summed, because a sum hides a reset.
 *
 * @example
 * const sample: Sample = { id: 'requests{code="200"}', counter: { kind: "requests", code: "200" }, value: 140 };
 */
export interface Sample {
  /** Name and labels, unique among the target's series. */
  readonly id: string;
  /** Key of the histogram that the series belongs to. @default the id */
  readonly group?: string;
  /** The target's process that counts the series: all series of a process are reset together. @default its only process */
  readonly process?: string;
  readonly counter: Counter;
  /** A finite number from 0. With any other value the whole target is treated as not read. */
  readonly value: number;
  /** When the value was taken, in milliseconds since the epoch. @default the time of the reading */
  readonly at?: number;
}

/** The meaning of a series. @example const counter: Counter = { kind: "within", seconds: 0.25 }; */
export type Counter =
  /** Requests answered with this status code, `200` or a class such as `5xx`. */
  | { readonly kind: "requests"; readonly code: string }
  /** Requests that took at most this many seconds; `Infinity` counts all. */
  | { readonly kind: "within"; readonly seconds: number }
  /** One of the two counters of a pair that the user defined. */
  | { readonly kind: "pair"; readonly name: string; readonly of: "bad" | "total" };

/** A source of counters. To add a source, implement this interface in a file of analysis/providers. */
export interface MetricSource {
  /** The source in words, as in "read from the pods' own /metrics". */
  describe(): string;
  /**
   * Reads the current counters of these pods. A target that cannot be read has a `problem`; it is neither an exception nor a
   * count of zero.
   *
   * @param pods all pods of both tracks
   * @param signal aborts the poll when it takes too long
   */
  read(pods: readonly Pod[], signal: AbortSignal): Promise<readonly TargetReading[]>;
}
