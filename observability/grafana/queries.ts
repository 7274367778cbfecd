/**
 * The PromQL expressions of the dashboard and the rules, by name. The dashboard queries one service over the window that
 * Grafana chooses; the rules query all services over a fixed window.
 *
 * Series of the pods must have the labels `namespace`, `track` and `release`, and the service's name as `app`. Prometheus
 * takes them from the pods' own labels; docs/how-to/dashboards.md has the configuration.
 */
import { METRICS, type MetricName, ROLLOUT_METRICS } from "../../analysis/metric-names.ts";

/** The series of a query, and the window of its rates. */
export interface Scope {
  /** Label matchers for series of pods, without braces. */
  readonly pods: string;
  /** Label matchers for series that gray exposes, without braces. */
  readonly gray: string;
  /** Window of rates, as a PromQL duration. */
  readonly window: string;
  /** Stream of the ratio. @default all */
  readonly stream?: string;
  /** Names of the service's metrics. @default {@link DEFAULT_SERIES} */
  readonly series?: Series;
}

/** Names of a service's metrics. */
export interface Series {
  /** Counter of answered requests. */
  readonly requests: string;
  /** Its label with the status code or its class, such as `5xx`. */
  readonly code: string;
  /** Classic histogram of the time to answer, in seconds, without `_bucket`. */
  readonly duration: string;
}

/** The usual names of a service's metrics. */
export const DEFAULT_SERIES: Series = {
  requests: "http_requests_total",
  code: "code",
  duration: "http_request_duration_seconds",
};

/** A release is marked as new if the track had no pods of it this long ago. */
const MARK_LOOKBACK = "1m";

/** For this long after an exporter is gone, its last values still raise alerts. Later its absence counts as intended. */
const LAST_SEEN_WINDOW = "15m";

/** The variables of the dashboard. Their values are those of a label on the selected series. */
export const CHOICES = {
  namespace: { selector: 'up{track!=""}', label: "namespace" },
  service: { selector: 'up{track!="",namespace="$namespace"}', label: "app" },
  stream: { selector: `${METRICS.rateRatio.name}{namespace="$namespace",service="$service"}`, label: "stream" },
} as const;

/** All expressions by name. */
export type Queries = ReturnType<typeof queries>;

/** All expressions for a scope. */
export function queries(scope: Scope) {
  const { requests, code, duration } = scope.series ?? DEFAULT_SERIES;
  const { window } = scope;
  const stream = scope.stream === undefined ? [] : [`stream="${scope.stream}"`];
  const byTrack = "by (namespace, app, track)";
  const ofPods = (...more: string[]) => matchers(scope.pods, 'track!=""', ...more);
  const gray = ({ name }: MetricName, ...more: string[]) => `${name}${matchers(scope.gray, ...more)}`;

  const answered = (...more: string[]) => `sum ${byTrack} (rate(${requests}${ofPods(...more)}[${window}]))`;
  // A code that has not occurred yet may have no series. Its rate is 0 if the track has any requests.
  const tps = (status: string) => `(${answered(`${code}=~"${status}"`)} or ${answered()} * 0)`;
  const quantile = (share: number) =>
    `histogram_quantile(${share}, sum by (namespace, app, track, le) (rate(${duration}_bucket${ofPods()}[${window}])))`;
  const running = (offset = "") => `count by (namespace, app, track, release) (up${ofPods('release!=""')}${offset})`;
  const lastSeen = (metric: MetricName, ...more: string[]) =>
    `last_over_time(${gray(metric, ...more)}[${LAST_SEEN_WINDOW}])`;

  return {
    /** Requests answered 2xx, by track. Per second. */
    tps2xx: tps("2.."),

    /** Requests answered 5xx, by track. Per second. */
    tps5xx: tps("5.."),

    /** Share of requests answered 5xx, by track; empty without requests. 0 to 1. */
    errorRatio: `${tps("5..")} / (${answered()} > 0)`,

    /** Median latency, by track. Seconds. */
    latencyP50: quantile(0.5),

    /** 99th percentile of the latency, by track. Seconds. */
    latencyP99: quantile(0.99),

    /** Ratio of the rates of bad events, canary to stable, by stream. 1 is equal. */
    rateRatio: gray(METRICS.rateRatio, ...stream),

    /** Lower end of the confidence sequence of the ratio, by stream. A ratio. */
    rateRatioLower: gray(METRICS.rateRatioLower, ...stream),

    /** Upper end of the confidence sequence of the ratio, by stream. A ratio. */
    rateRatioUpper: gray(METRICS.rateRatioUpper, ...stream),

    /** Evidence that the release is bad, by stream. log10 of an e-value; 2 is 100 to 1. */
    eValue: gray(METRICS.eValue),

    /** Evidence of all streams together that the release is bad. log10 of an e-value. */
    evidenceBad: gray(METRICS.evidenceBad),

    /** The threshold 1/alpha, from which on the release is bad. log10 of an e-value. */
    convictionLine: `-log10(${gray(METRICS.alpha)})`,

    /** Evidence that the release is good, by stream; the lowest decides. log10 of an e-value. */
    evidenceGood: gray(METRICS.evidenceGood),

    /** The current verdict, as the label `verdict`. Always 1. */
    verdict: `${gray(METRICS.verdict)} == 1`,

    /** Share of traffic assigned to canary. Percent. */
    weight: gray(METRICS.weight),

    /** Share of traffic that canary answers. Percent. */
    canaryShare: `100 * sum by (namespace, app) (${answered('track="canary"')}) / sum by (namespace, app) (${answered()} > 0)`,

    /** Requests in the evidence, by arm. A count. */
    requestsSeen: gray(METRICS.requestsSeen),

    /** Time since counters of canary were last read. Seconds. */
    readingAge: `time() - ${gray(METRICS.lastReading)}`,

    /** Scraped pods, by track and release. A count. */
    pods: running(),

    /** Pods of a release of which the track had none a minute ago. A count. */
    newRelease: `${running()} unless ${running(` offset ${MARK_LOOKBACK}`)}`,

    /** Current step of the rollout, from 1, as long as a driver runs. A number, with the label `stage`. */
    rolloutStep: gray(ROLLOUT_METRICS.step),

    /** Number of steps of the rollout. A count. */
    rolloutSteps: gray(ROLLOUT_METRICS.steps),

    /** The rollout is paused or waits for a person, or did so when its driver was last seen. Always 1. */
    rolloutHolds: `${lastSeen(ROLLOUT_METRICS.holds)} == 1`,

    /** Evidence that the release is bad, while the verdict is bad. log10 of an e-value. */
    convicted: `${gray(METRICS.evidenceBad)} and ignoring (verdict) (${gray(METRICS.verdict, 'verdict="bad"')} == 1)`,

    /** The weight of a canary that has traffic assigned but counts no request. Percent. */
    canaryWithoutData:
      `max by (namespace, service) (${gray(METRICS.weight)}) > 0 unless on (namespace, service) ` +
      `label_replace(${answered('track="canary"')} > 0, "service", "$1", "app", "(.+)")`,

    /** Time since the observer last read canary, while its verdict is undecided, even if the observer is gone. Seconds. */
    unreadWhileUndecided:
      `time() - ${lastSeen(METRICS.lastReading)} and ignoring (verdict) ` +
      `(${lastSeen(METRICS.verdict, 'verdict="undecided"')} == 1)`,
  };
}

function matchers(...all: string[]): string {
  const some = all.filter((each) => each !== "");
  return some.length > 0 ? `{${some.join(",")}}` : "";
}
