/** Every default of the evidence, in one place. */

/** How sure a verdict has to be; each verdict shows those it was made with. */
export const defaults = {
  /** Chance that a canary which is no worse is ever called bad. */
  alpha: 0.01,
  /** The largest ratio of rates, canary to stable, that still counts as equal. */
  margin: 1.25,
  /** The ratio of rates that has to be ruled out before canary is called good. */
  limit: 2,
  /** Chance that a canary beyond limit and tolerance is ever called good. */
  beta: 0.05,
  /** Share of canary's requests that may be bad whatever stable does. */
  tolerance: 0.005,
  /** Share of canary's requests that must be bad before it is called bad: less hurts nobody. */
  floor: 0.001,
  /** Share of requests that may fail where there is nothing to compare with: the first release, and a full one. */
  slo: 0.01,
  /**
   * Seconds of latency below which a difference does not keep canary from being called good: no user notices it, and pods
   * that share a node differ by as much. Being called bad counts every edge.
   */
  noticeableSeconds: 0.01,
  /** Seconds from the first request to canary in which cold caches excuse latency and nothing is called good. */
  warmUpSeconds: 60,
  /** Requests to canary before it is called good, at least. */
  leastRequests: 500,
  /** Ticks in which canary must have had bad events before it is called bad: one burst may be one client retrying. */
  leastBadTicks: 3,
  /** How many times more evidence there must be against canary than against any single pod of stable. */
  placebo: 20,
  /** Seconds after which silence holds every decision. */
  staleSeconds: 15,
} as const;

/** How and when a service is looked at. */
export const pollingDefaults = {
  /** Seconds that one pod may take to answer. */
  podTimeoutSeconds: 2,
  /** Bytes that one page of metrics may have. */
  pageBytes: 64 << 20,
  /**
   * Series of the metrics that are read which one pod may have: 70 buckets, as Micrometer's histograms have them, of 140
   * routes and codes. Each takes a few hundred bytes as long as the observation lasts.
   */
  seriesAtMost: 10_000,
  /** Edges that a unit's histogram of latency may have: Micrometer has 70, OpenTelemetry 15, Prometheus's libraries 11. */
  edgesAtMost: 100,
  /** Pods that are read at the same time. */
  podsAtOnce: 16,
  /** Seconds that Prometheus may take to answer. */
  prometheusTimeoutSeconds: 5,
  /** Bytes that its answer may have: 20 000 series with the samples of three minutes. */
  prometheusBytes: 32 << 20,
  /** Series that it may have, those of all pods together. */
  prometheusSeriesAtMost: 50_000,
  /** Seconds of samples that Prometheus is asked for: three times its longest usual scrape interval, to have two of them. */
  windowSeconds: 180,
  /** Scrape intervals after which a pod's latest sample is too old: its target is dead, not quiet. */
  freshIntervals: 2,
  /** The same in seconds at least, because what is remotely written arrives late. */
  leastFreshSeconds: 10,
  /** The same in seconds where a single sample tells no interval: a long one, and some seconds that it is late. */
  freshSeconds: 75,
  /** Seconds from one look to the next. */
  tickSeconds: 5,
  /** The same while a canary is new, when there is most to prevent. */
  earlyTickSeconds: 1,
  /** Seconds that a canary is taken for new. */
  closeWatchSeconds: 60,
  /** Seconds for which users may be sent to a canary without a ready pod before it is cut. */
  emptySeconds: 5,
  /** Seconds after a change of weight in which counters may tell of the one before: the longest usual scrape interval, and more. */
  settleSeconds: 90,
  /** Seconds that all pods together may take to answer. */
  pollTimeoutSeconds: 10,
  /** Seconds for which the traffic of now is measured before a decision is foretold. */
  measureSeconds: 10,
  /** Seconds after which an undecided verdict is one, unless told otherwise. */
  patienceSeconds: 900,
  /** Seconds from one keeping of the evidence in the cluster to the next. */
  keepSeconds: 30,
  /** Seconds for which a verdict that cannot be written into the record is tried again. */
  recordPatienceSeconds: 60,
  /** Seconds that reading what is left of a release may take before its pods go, and as many that saving it may. */
  diagnosticsSeconds: 5,
  /** Seconds beyond which nobody waits for a decision: a forecast calls the weight hopeless. */
  cannotSucceedSeconds: 3600,
} as const;
