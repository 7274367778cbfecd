/**
 * The names of the metrics that `--metrics-port` exposes to Prometheus. The exporter and the dashboards share them, so that
 * a dashboard queries only metrics that exist.
 */

/** A gauge: its name, its help text, and its labels in addition to {@link IDENTITY_LABELS}. */
export interface MetricName {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Labels of every series: the service, and the two releases that are compared. */
export const IDENTITY_LABELS = ["service", "namespace", "release", "baseline"] as const;

/** Values of the label `verdict`. */
export const VERDICTS = ["good", "bad", "undecided"] as const;

/** Values of the label `arm`: the release under test, and its baseline. */
export const ARMS = ["canary", "stable"] as const;

/** The metrics of the evidence. */
export const METRICS = {
  eValue: {
    name: "gray_e_value_log10",
    help: "Evidence of one stream that the release is worse than its baseline: log10 of the e-value.",
    labels: ["stream"],
  },
  evidenceBad: {
    name: "gray_evidence_bad_log10",
    help: "Evidence of all streams together that the release is bad: log10 of the average e-value. Bad at -log10(gray_alpha).",
    labels: [],
  },
  evidenceGood: {
    name: "gray_evidence_good_log10",
    help: "Evidence of one stream that the release is good: log10 of its e-value. Good needs the lowest of them to be high.",
    labels: ["stream"],
  },
  rateRatio: {
    name: "gray_rate_ratio",
    help: "Estimated ratio of the release's rate of bad events to that of its baseline.",
    labels: ["stream"],
  },
  rateRatioLower: {
    name: "gray_rate_ratio_lower",
    help: "Lower end of the confidence sequence of gray_rate_ratio: valid at all polls together, with confidence 1 - gray_alpha.",
    labels: ["stream"],
  },
  rateRatioUpper: {
    name: "gray_rate_ratio_upper",
    help: "Upper end of the confidence sequence of gray_rate_ratio.",
    labels: ["stream"],
  },
  verdict: {
    name: "gray_verdict",
    help: "1 for the current verdict on the release, 0 for the others.",
    labels: ["verdict"],
  },
  weight: {
    name: "gray_weight",
    help: "Percent of user traffic assigned to the canary track, 0 to 100.",
    labels: [],
  },
  requestsSeen: {
    name: "gray_requests_seen",
    help: "Requests in the evidence.",
    labels: ["arm"],
  },
  lastReading: {
    name: "gray_last_reading_timestamp_seconds",
    help: "When counters of canary were last read, in seconds since the epoch.",
    labels: [],
  },
  alpha: {
    name: "gray_alpha",
    help: "Probability, over all polls together, to call a release bad that is worse than its baseline by at most the margin.",
    labels: [],
  },
} as const satisfies Record<string, MetricName>;

/** The additional metrics of a rollout. */
export const ROLLOUT_METRICS = {
  step: {
    name: "gray_rollout_step",
    help: "Current step of the open rollout, from 1.",
    labels: ["stage"],
  },
  steps: {
    name: "gray_rollout_steps",
    help: "Number of steps of the open rollout.",
    labels: [],
  },
  holds: {
    name: "gray_rollout_holds",
    help: "1 while the rollout is paused or waits for a person, else 0.",
    labels: [],
  },
} as const satisfies Record<string, MetricName>;

/**
 * All labels of a metric, in the order in which the exporter declares them.
 *
 * @example labelNames(METRICS.verdict) // ["service", "namespace", "release", "baseline", "verdict"]
 */
export function labelNames(metric: MetricName): string[] {
  return [...IDENTITY_LABELS, ...metric.labels];
}
