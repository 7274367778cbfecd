/** Every default of the evidence, in one place. */

/**
 * Thresholds of a verdict. Stored evidence includes the thresholds it is judged with.
 *
 * @example defaults.alpha; // 0.01
 */
export const defaults = {
  /** Probability, over the whole observation, that a canary that is not worse is called bad. */
  alpha: 0.01,
  /** The largest ratio of rates, canary to stable, that still counts as equal. */
  margin: 1.25,
  /** The ratio of rates, canary to stable, that must be ruled out before canary is called good. */
  limit: 2,
  /** Probability, over the whole observation, that a canary beyond limit and tolerance is called good. */
  beta: 0.05,
  /** Share of canary's requests that may be bad, whatever the rate of stable. */
  tolerance: 0.005,
  /** Share of canary's requests that must be bad before it is called bad: fewer do not harm users noticeably. */
  floor: 0.001,
  /** Share of requests that may fail where there is no stable arm: on the first release, and after full rollout. */
  slo: 0.01,
  /**
   * Seconds of latency below which a difference does not prevent a good verdict: users do not notice it, and pods on the
   * same node differ by as much. A bad verdict considers every edge.
   */
  noticeableSeconds: 0.01,
  /** Seconds from the first request to canary in which latency is ignored, because caches are cold, and no verdict is good. */
  warmUpSeconds: 60,
  /** Minimum number of requests to canary before it is called good. */
  leastRequests: 500,
  /** Minimum number of ticks with bad events before canary is called bad: one burst may be one client that retries. */
  leastBadTicks: 3,
  /** Factor by which the evidence against canary must exceed the evidence against any single stable pod. */
  placebo: 20,
  /**
   * Share of stable's recent requests that must surely be answered 5xx before stable counts as broken. Failed requests are missing
   * among its slow and its refused ones, so from this share on a canary that is equal would seem worse by more than `margin`: 1 - 1/margin.
   */
  broken: 0.2,
  /** Seconds for which stable must fail without a break before it counts as broken. */
  brokenSeconds: 30,
  /** Share of canary's requests that may be answered 4xx while stable is broken: beyond it someone has to look. */
  refusedAlone: 0.5,
  /** Seconds without data after which the verdict is undecided. */
  staleSeconds: 15,
} as const;

/** Limits and intervals of polling a service. */
export const pollingDefaults = {
  /** Timeout of one pod, in seconds. */
  podTimeoutSeconds: 2,
  /** Maximum size of one page of metrics, in bytes. */
  pageBytes: 64 << 20,
  /**
   * Maximum number of series per pod, counting only metrics that are read: enough for 70 buckets (Micrometer's histograms)
   * of 140 routes and codes. Each takes a few hundred bytes for the whole observation.
   */
  seriesAtMost: 10_000,
  /** Maximum number of edges of a target's latency histogram: Micrometer has 70, OpenTelemetry 15, Prometheus's libraries 11. */
  edgesAtMost: 100,
  /** Number of pods that are read at the same time. */
  podsAtOnce: 16,
  /** Timeout of Prometheus, in seconds. */
  prometheusTimeoutSeconds: 5,
  /** Maximum size of its answer, in bytes: 20 000 series with the samples of three minutes. */
  prometheusBytes: 32 << 20,
  /** Maximum number of series in its answer, for all pods together. */
  prometheusSeriesAtMost: 50_000,
  /** Range of the query, in seconds: three times the longest usual scrape interval, so that it holds two samples. */
  windowSeconds: 180,
  /** Number of scrape intervals after which a pod's latest sample is too old: its scrape target is down. */
  freshIntervals: 2,
  /** Minimum of this age, in seconds, because samples of remote write arrive late. */
  leastFreshSeconds: 10,
  /** This age in seconds if a single sample shows no interval: the longest usual interval plus some delay. */
  freshSeconds: 75,
  /** Seconds from one poll to the next. */
  tickSeconds: 5,
  /** The same while a canary is new and the risk is highest. */
  earlyTickSeconds: 1,
  /** Seconds for which a canary counts as new. */
  closeWatchSeconds: 60,
  /** Seconds for which users may be routed to a canary without a ready pod before its traffic is cut off. */
  emptySeconds: 5,
  /** Seconds after a change of weight in which counters may still show the previous one: more than the longest usual scrape interval. */
  settleSeconds: 90,
  /** Timeout of one poll of all pods, in seconds. */
  pollTimeoutSeconds: 10,
  /** Seconds for which current traffic is measured for a forecast. */
  measureSeconds: 10,
  /** Seconds after which `gray verify` ends as undecided, unless an option sets another time. */
  patienceSeconds: 900,
  /** Seconds from one write of the evidence to the cluster to the next. */
  keepSeconds: 30,
  /** Seconds for which a failed write of a verdict into the record is retried. */
  recordPatienceSeconds: 60,
  /** Timeout for reading diagnostics before the pods of a release are removed, and again for storing them, in seconds. */
  diagnosticsSeconds: 5,
  /** Seconds beyond which a forecast reports that the rollout cannot succeed at this weight. */
  cannotSucceedSeconds: 3600,
} as const;
