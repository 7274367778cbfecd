/** Interprets series as counters of requests, latency and the user's pairs. */
import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import { count } from "../format.ts";
import { finalCodeOf } from "../indicators/http-status-code.ts";
import type { Counter, Sample } from "../reading.ts";
import type { Series, Wanted } from "./exposition.ts";

/** The names of a service's metrics. */
export interface Metrics {
  /** The counter of requests; false of a worker, which answers none. @default "http_requests_total" */
  readonly requests?: string | false;
  /** Its label with the status code. @default the first of "code", "status" and "status_code" that it has */
  readonly codeLabel?: string;
  /** The classic histogram of their duration, without `_bucket`; false to read none. @default "http_request_duration_seconds", if it exists */
  readonly latency?: string | false;
  /** Unit of its edges. @default "seconds" */
  readonly latencyUnit?: "seconds" | "milliseconds";
  /** Additional indicators, each a pair of counters, as in `{ orders: { bad: ..., total: ... } }`. @default none */
  readonly pairs?: Readonly<Record<string, { readonly bad: Selector; readonly total: Selector }>>;
}

/** Selects series by the metric's name and by exact values of labels. */
export interface Selector {
  readonly metric: string;
  /** Required labels. @default none */
  readonly labels?: Readonly<Record<string, string>>;
}

const requestsOf = ({ requests = "http_requests_total" }: Metrics) => requests || undefined;
const latencyOf = ({ latency = "http_request_duration_seconds" }: Metrics) => latency || undefined;
/** The names of the series of the latency; none if it is not read. */
const latencySeries = (metrics: Metrics) => {
  const latency = latencyOf(metrics);
  return latency === undefined ? {} : { bucket: `${latency}_bucket`, total: `${latency}_count` };
};
const isName = (name: string | undefined) => name !== undefined;
const codeLabels = ({ codeLabel }: Metrics) =>
  codeLabel === undefined ? ["code", "status", "status_code"] : [codeLabel];

/**
 * The names of all series that are read.
 *
 * @example
 * seriesNames({ requests: "hits_total", latency: "hit_seconds" }) // ["hits_total", "hit_seconds_bucket", "hit_seconds_count"]
 */
export function seriesNames(metrics: Metrics): string[] {
  const pairs = Object.values(metrics.pairs ?? {}).flatMap(({ bad, total }) => [bad.metric, total.metric]);
  const { bucket, total } = latencySeries(metrics);
  return [...new Set([requestsOf(metrics), bucket, total, ...pairs])].filter(isName);
}

/** The series and declarations of a page of metrics that are needed. @example wantedOf({ requests: "hits_total" }) */
export function wantedOf(metrics: Metrics): Wanted {
  const series = new Set(seriesNames(metrics));
  // A histogram is declared by its base name, and an OpenMetrics counter without `_total`.
  const declared = new Set(
    [...series, ...[latencyOf(metrics)].filter(isName)].flatMap((name) => [name, name.replace(/_total$/, "")]),
  );
  return { series, declared };
}

/** The samples of a target, or an error as the rest of a sentence whose subject is the target, or both. */
export interface Counted {
  readonly samples?: readonly Sample[];
  readonly wrong?: string;
}

/**
 * The counters of one target.
 *
 * @param declared names that exist, with or without series: a counter may have no series before its first event. Without
 *   declarations, as from Prometheus, the bad counter of a pair may be missing for this reason. @default no declarations
 * @param bare whether the latency may be missing although its name is set. @default false
 * @example countersOf({}, series).samples // the counters, or undefined if any is missing
 */
export function countersOf(
  metrics: Metrics,
  series: readonly Series[],
  { declared, bare = false }: { readonly declared?: ReadonlySet<string>; readonly bare?: boolean } = {},
): Counted {
  const requests = requestsOf(metrics);
  const exists = (name: string) => series.some((each) => each.name === name) || isDeclared(name, declared);
  if (requests !== undefined && !exists(requests)) return { wrong: `answers but has no ${requests}` };
  const samples: Sample[] = [];
  const seen = new Set<string>();
  const edges = edgesOf(metrics, series);
  const tooFine = edges > pollingDefaults.edgesAtMost;
  const { bucket, total } = latencySeries(metrics);
  const parts = series.filter(({ name }) => name === bucket || name === total);
  const histograms = new Map(tooFine ? [] : parts.map((each) => [each, histogramOf(each)]));
  const whole = new Set(
    parts.filter(({ labels }) => edgeOf(labels.le) === Infinity).map((each) => histograms.get(each)),
  );
  const measured = new Set<string>();
  for (const each of series) {
    const histogram = histograms.get(each) ?? "";
    for (const counter of meanings(metrics, each)) {
      if (typeof counter === "string") return { wrong: counter };
      // A histogram has its total in both `_count` and the +Inf bucket.
      if (each.name.endsWith("_count") && counter.kind === "within" && whole.has(histogram)) continue;
      if (tooFine && counter.kind === "within") continue;
      const id = `${roleOf(counter)} ${textOf(each)}`;
      if (!Number.isFinite(each.value) || each.value < 0) {
        return { wrong: `gives ${each.value} for ${shown(each)}, which is not a count` };
      }
      if (seen.has(id)) return { wrong: `gives ${shown(each)} twice` };
      seen.add(id);
      const group = counter.kind === "within" ? { group: `within ${histogram}` } : {};
      if (counter.kind === "within" && counter.seconds === Infinity) measured.add(histogram);
      const { at, process } = each;
      samples.push({
        id,
        ...group,
        ...(process !== undefined && { process }),
        counter,
        value: each.value,
        ...(at !== undefined && { at }),
      });
    }
  }
  const [cut] = parts.flatMap((each) => histograms.get(each) ?? []).filter((histogram) => !measured.has(histogram));
  if (cut !== undefined) return { wrong: `gives ${oneLine(cut)} without its +Inf bucket: it is incomplete` };
  const { latency } = metrics;
  const lacksLatency = latency && !bare && !exists(`${latency}_bucket`) && !isDeclared(latency, declared);
  const halves = Object.values(metrics.pairs ?? {}).flatMap(({ bad, total }) =>
    // A misspelt bad counter never counts, so the pair would always be good.
    declared === undefined ? [total.metric] : [bad.metric, total.metric],
  );
  const missing = new Set([...(lacksLatency ? [latency] : []), ...halves.filter((name) => !exists(name))]);
  const wrong = [
    ...(missing.size > 0 ? [`answers but has no ${oneLine([...missing].join(", no "))}`] : []),
    ...(tooFine
      ? [
          `gives ${oneLine(latencyOf(metrics) ?? "")} with ${count(edges)} edges, more than the limit of ${count(pollingDefaults.edgesAtMost)}: use fewer buckets`,
        ]
      : []),
  ];
  return { samples, ...(wrong.length > 0 && { wrong: wrong.join(", and ") }) };
}

/** Number of distinct edges of the latency histogram over all its labels, without +Inf. */
function edgesOf(metrics: Metrics, series: readonly Series[]): number {
  const { bucket } = latencySeries(metrics);
  const edges = series.flatMap(({ name, labels }) => (name === bucket && labels.le !== undefined ? [labels.le] : []));
  return new Set(edges.map(edgeOf).filter(Number.isFinite)).size;
}

const edgeOf = (le = "") => (/^\+?inf$/i.test(le) ? Infinity : Number.parseFloat(le));

/** Whether a name is declared. In OpenMetrics the declaration of a counter omits `_total`. */
function isDeclared(name: string, declared: ReadonlySet<string> | undefined): boolean {
  return declared !== undefined && (declared.has(name) || declared.has(name.replace(/_total$/, "")));
}

/** All meanings of a series, or an error as the rest of a sentence. */
function* meanings(metrics: Metrics, series: Series): Generator<Counter | string> {
  const { name, labels } = series;
  const { bucket, total } = latencySeries(metrics);
  if (name === requestsOf(metrics)) {
    const label = codeLabels(metrics).find((candidate) => Object.hasOwn(labels, candidate));
    const text = label === undefined ? undefined : labels[label];
    const code = finalCodeOf(text ?? "");
    if (text === undefined) yield `has ${shown(series)}, without the label ${codeLabels(metrics).join(" or ")}`;
    else if (code === undefined) yield `has ${shown(series)}, whose ${label} is not a final HTTP status code`;
    else yield { kind: "requests", code };
  }
  if (name === bucket) {
    const edge = edgeOf(labels.le);
    if (Number.isNaN(edge)) yield `has ${shown(series)}, whose le is not a number`;
    else yield { kind: "within", seconds: metrics.latencyUnit === "milliseconds" ? edge / 1000 : edge };
  }
  if (name === total) yield { kind: "within", seconds: Infinity };
  for (const [pair, halves] of Object.entries(metrics.pairs ?? {})) {
    for (const half of ["bad", "total"] as const) {
      if (isOf(halves[half], series)) yield { kind: "pair", name: pair, of: half };
    }
  }
}

function isOf({ metric, labels = {} }: Selector, series: Series): boolean {
  return series.name === metric && Object.entries(labels).every(([name, value]) => series.labels[name] === value);
}

function roleOf(counter: Counter): string {
  return counter.kind === "pair" ? `${counter.of} of ${counter.name}` : counter.kind;
}

/** The key of the histogram that a bucket or a count belongs to. */
function histogramOf({ name, labels: { le, ...labels } }: Series): string {
  return textOf({ name: name.replace(/_(bucket|count)$/, ""), labels });
}

/** A series as text for messages. */
const shown = (series: Series) => oneLine(textOf(series));

/**
 * A series as in PromQL, with sorted labels, so that the same series gives the same text.
 *
 * @example textOf({ name: "up", labels: { job: "web", a: "1" } }) // 'up{a="1",job="web"}'
 */
export function textOf({ name, labels }: Pick<Series, "name" | "labels">): string {
  const names = Object.keys(labels).sort();
  return names.length === 0 ? name : `${name}{${names.map((key) => `${key}=${JSON.stringify(labels[key])}`).join()}}`;
}
