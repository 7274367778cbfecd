/**
 * The names under which `--metrics-port` exposes the evidence and the rollout to Prometheus. The exporter and the dashboards
 * share them, so that neither can draw what the other does not say.
 */

/** A gauge: its name, its help text, and the labels that it has beside {@link IDENTITY_LABELS}. */
export interface MetricName {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** On every series: which service, and which release is compared with which. */
export const IDENTITY_LABELS = ["service", "namespace", "release", "baseline"] as const;

/** Values of the label `verdict`. */
export const VERDICTS = ["good", "bad", "undecided"] as const;

/** Values of the label `arm`: the release under judgement, and the one it is compared with. */
export const ARMS = ["canary", "stable"] as const;

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
    help: "How many times as often the release goes wrong as its baseline, estimated.",
    labels: ["stream"],
  },
  rateRatioLower: {
    name: "gray_rate_ratio_lower",
    help: "Lower end of the confidence sequence of gray_rate_ratio: valid at every look at once, with confidence 1 - gray_alpha.",
    labels: ["stream"],
  },
  rateRatioUpper: {
    name: "gray_rate_ratio_upper",
    help: "Upper end of the confidence sequence of gray_rate_ratio.",
    labels: ["stream"],
  },
  verdict: {
    name: "gray_verdict",
    help: "1 for the verdict that holds on the release, 0 for the others.",
    labels: ["verdict"],
  },
  weight: {
    name: "gray_weight",
    help: "Percent of user traffic meant for the canary track, 0 to 100.",
    labels: [],
  },
  requestsSeen: {
    name: "gray_requests_seen",
    help: "Requests that the evidence rests on.",
    labels: ["arm"],
  },
  lastReading: {
    name: "gray_last_reading_timestamp_seconds",
    help: "When counters of canary were last read, in seconds since the epoch.",
    labels: [],
  },
  alpha: {
    name: "gray_alpha",
    help: "Chance, over all looks together, to call a release bad that is no worse than its baseline by more than the margin.",
    labels: [],
  },
} as const satisfies Record<string, MetricName>;

/** What a rollout adds to these. */
export const ROLLOUT_METRICS = {
  step: {
    name: "gray_rollout_step",
    help: "Step of the rollout under way, from 1 on.",
    labels: ["stage"],
  },
  steps: {
    name: "gray_rollout_steps",
    help: "Number of steps that the rollout under way has.",
    labels: [],
  },
  holds: {
    name: "gray_rollout_holds",
    help: "1 while the rollout holds, paused or waiting for a person; else 0.",
    labels: [],
  },
} as const satisfies Record<string, MetricName>;

/** All labels of a metric, in the order in which an exporter declares them. */
export function labelNames(metric: MetricName): string[] {
  return [...IDENTITY_LABELS, ...metric.labels];
}
