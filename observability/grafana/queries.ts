/**
 * Every PromQL expression of the dashboard and of the rules, once, by name. The dashboard asks about one service in the
 * window that Grafana chooses; the rules about all services in a fixed window.
 *
 * Series of the pods are expected to carry the labels `namespace`, `track` and `release`, and the service's name as `app`,
 * as Prometheus gets them from the pods' own labels (docs/dashboards.md has the configuration).
 */
import { METRICS, type MetricName, ROLLOUT_METRICS } from "../../analysis/metric-names.ts";

/** Whose series, and over how long a rate is taken. */
export interface Scope {
  /** Label matchers for series of pods, without braces. */
  readonly pods: string;
  /** Label matchers for series that gray exposes, without braces. */
  readonly gray: string;
  /** A PromQL duration. */
  readonly window: string;
  /** Of which stream the ratio is asked. @default all */
  readonly stream?: string;
  /** How the service counts. @default {@link DEFAULT_SERIES} */
  readonly series?: Series;
}

/** What the service calls its metrics. */
export interface Series {
  /** Counter of requests answered. */
  readonly requests: string;
  /** Its label with the status code, or with the class of it, such as `5xx`. */
  readonly code: string;
  /** Classic histogram of the time to answer, in seconds, without `_bucket`. */
  readonly duration: string;
}

export const DEFAULT_SERIES: Series = {
  requests: "http_requests_total",
  code: "code",
  duration: "http_request_duration_seconds",
};

/** How far back a mark of a new release looks for pods of the same release. */
const MARK_LOOKBACK = "1m";

/** An exporter that is gone still counts as silent for this long; later its absence is taken for intended. */
const SILENCE_MEMORY = "15m";

/** What a person chooses from on the dashboard: the values of a label on the series that a selector finds. */
export const CHOICES = {
  namespace: { selector: 'up{track!=""}', label: "namespace" },
  service: { selector: 'up{track!="",namespace="$namespace"}', label: "app" },
  stream: { selector: `${METRICS.rateRatio.name}{namespace="$namespace",service="$service"}`, label: "stream" },
} as const;

export type Queries = ReturnType<typeof queries>;

export function queries(scope: Scope) {
  const { requests, code, duration } = scope.series ?? DEFAULT_SERIES;
  const { window } = scope;
  const stream = scope.stream === undefined ? [] : [`stream="${scope.stream}"`];
  const byTrack = "by (namespace, app, track)";
  const ofPods = (...more: string[]) => matchers(scope.pods, 'track!=""', ...more);
  const gray = ({ name }: MetricName, ...more: string[]) => `${name}${matchers(scope.gray, ...more)}`;

  const answered = (...more: string[]) => `sum ${byTrack} (rate(${requests}${ofPods(...more)}[${window}]))`;
  // A code that was never answered may have no series yet: that is a rate of 0, where the track has requests at all.
  const tps = (status: string) => `(${answered(`${code}=~"${status}"`)} or ${answered()} * 0)`;
  const quantile = (share: number) =>
    `histogram_quantile(${share}, sum by (namespace, app, track, le) (rate(${duration}_bucket${ofPods()}[${window}])))`;
  const running = (offset = "") => `count by (namespace, app, track, release) (up${ofPods('release!=""')}${offset})`;
  const lastSeen = (metric: MetricName, ...more: string[]) =>
    `last_over_time(${gray(metric, ...more)}[${SILENCE_MEMORY}])`;

  return {
    /** Requests answered 2xx, by track. Per second. */
    tps2xx: tps("2.."),

    /** Requests answered 5xx, by track. Per second. */
    tps5xx: tps("5.."),

    /** Share of requests answered 5xx, by track; nothing where there are no requests. 0 to 1. */
    errorRatio: `${tps("5..")} / (${answered()} > 0)`,

    /** Half of the requests are answered within this time, by track. Seconds. */
    latencyP50: quantile(0.5),

    /** 99 of 100 requests are answered within this time, by track. Seconds. */
    latencyP99: quantile(0.99),

    /** How many times as often canary goes wrong as stable, by stream. A ratio; 1 is equal. */
    rateRatio: gray(METRICS.rateRatio, ...stream),

    /** Lower end of the confidence sequence of the ratio, by stream. A ratio. */
    rateRatioLower: gray(METRICS.rateRatioLower, ...stream),

    /** Upper end of the confidence sequence of the ratio, by stream. A ratio. */
    rateRatioUpper: gray(METRICS.rateRatioUpper, ...stream),

    /** Evidence that the release is bad, by stream. log10 of an e-value; 2 is 100 to 1. */
    eValue: gray(METRICS.eValue),

    /** Evidence of all streams together that the release is bad. log10 of an e-value. */
    evidenceBad: gray(METRICS.evidenceBad),

    /** The line 1/alpha: at it the release is bad. log10 of an e-value. */
    convictionLine: `-log10(${gray(METRICS.alpha)})`,

    /** Evidence that the release is good, by stream; the lowest counts. log10 of an e-value. */
    evidenceGood: gray(METRICS.evidenceGood),

    /** The verdict that holds, as the label `verdict`. Always 1. */
    verdict: `${gray(METRICS.verdict)} == 1`,

    /** Share of traffic meant for canary. Percent. */
    weight: gray(METRICS.weight),

    /** Share of traffic that canary answers. Percent. */
    canaryShare: `100 * sum by (namespace, app) (${answered('track="canary"')}) / sum by (namespace, app) (${answered()} > 0)`,

    /** Requests that the evidence rests on, by arm. A count. */
    requestsSeen: gray(METRICS.requestsSeen),

    /** Time since counters of canary were last read. Seconds. */
    readingAge: `time() - ${gray(METRICS.lastReading)}`,

    /** Pods that are scraped, by track and release. A count. */
    pods: running(),

    /** A track has pods of a release of which it had none a minute ago. A count of pods. */
    newRelease: `${running()} unless ${running(` offset ${MARK_LOOKBACK}`)}`,

    /** The step that the rollout is at, from 1 on, as long as somebody drives it. A number, with the label `stage`. */
    rolloutStep: gray(ROLLOUT_METRICS.step),

    /** How many steps the rollout has. A count. */
    rolloutSteps: gray(ROLLOUT_METRICS.steps),

    /** The rollout holds, or held when its driver was last seen. Always 1. */
    rolloutHolds: `${lastSeen(ROLLOUT_METRICS.holds)} == 1`,

    /** The release is convicted: the evidence for bad, while the verdict is bad. log10 of an e-value. */
    convicted: `${gray(METRICS.evidenceBad)} and ignoring (verdict) (${gray(METRICS.verdict, 'verdict="bad"')} == 1)`,

    /** Canary is meant to have traffic, and no request of it is counted. Percent: the weight. */
    canaryWithoutData:
      `max by (namespace, service) (${gray(METRICS.weight)}) > 0 unless on (namespace, service) ` +
      `label_replace(${answered('track="canary"')} > 0, "service", "$1", "app", "(.+)")`,

    /** The observer has read nothing of canary for a while, or is gone, while its verdict is undecided. Seconds since it last read. */
    observerSilence:
      `time() - ${lastSeen(METRICS.lastReading)} and ignoring (verdict) ` +
      `(${lastSeen(METRICS.verdict, 'verdict="undecided"')} == 1)`,
  };
}

function matchers(...all: string[]): string {
  const some = all.filter((each) => each !== "");
  return some.length > 0 ? `{${some.join(",")}}` : "";
}
