import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import { count } from "../format.ts";
import type { Counter, Sample } from "../reading.ts";
import type { Series, Wanted } from "./exposition.ts";

/** Under which names a service counts its requests. */
export interface Metrics {
  /** The counter of requests. @default "http_requests_total" */
  readonly requests?: string;
  /** Its label with the status code. @default the first that it has of "code", "status" and "status_code" */
  readonly codeLabel?: string;
  /** The classic histogram of the time they took, without its `_bucket`. @default "http_request_duration_seconds", if there */
  readonly latency?: string;
  /** What its edges are in. @default "seconds" */
  readonly latencyUnit?: "seconds" | "milliseconds";
  /** Further things that may go wrong, each a pair of counters, as in `{ orders: { bad: ..., total: ... } }`. @default none */
  readonly pairs?: Readonly<Record<string, { readonly bad: Selector; readonly total: Selector }>>;
}

/** Series by the metric's name and by labels that they have exactly so. */
export interface Selector {
  readonly metric: string;
  /** @default any */
  readonly labels?: Readonly<Record<string, string>>;
}

const requestsOf = ({ requests = "http_requests_total" }: Metrics) => requests;
const latencyOf = ({ latency = "http_request_duration_seconds" }: Metrics) => latency;
const codeLabels = ({ codeLabel }: Metrics) =>
  codeLabel === undefined ? ["code", "status", "status_code"] : [codeLabel];

/** The names of all series that count. */
export function seriesNames(metrics: Metrics): string[] {
  const pairs = Object.values(metrics.pairs ?? {}).flatMap(({ bad, total }) => [bad.metric, total.metric]);
  const latency = latencyOf(metrics);
  return [...new Set([requestsOf(metrics), `${latency}_bucket`, `${latency}_count`, ...pairs])];
}

/** What of a page of metrics is needed for them. */
export function wantedOf(metrics: Metrics): Wanted {
  const series = new Set(seriesNames(metrics));
  // A histogram is declared as a whole, and a counter of OpenMetrics without its ending.
  const declared = new Set([...series, latencyOf(metrics)].flatMap((name) => [name, name.replace(/_total$/, "")]));
  return { series, declared };
}

/** What a unit's series count: the samples, or what is wrong as the rest of a sentence that begins with the unit. */
export interface Counted {
  readonly samples?: readonly Sample[];
  readonly wrong?: string;
}

/**
 * The counters of one unit.
 *
 * @param declared names that exist, with series or yet without: a counter that never counted may have none. Where nothing is
 *   declared, as in Prometheus, the bad half of a pair may be missing for that reason. @default nothing is declared
 * @param bare a latency that is not there is no problem, though it has a name. @default false
 */
export function countersOf(
  metrics: Metrics,
  series: readonly Series[],
  { declared, bare = false }: { readonly declared?: ReadonlySet<string>; readonly bare?: boolean } = {},
): Counted {
  const requests = requestsOf(metrics);
  const exists = (name: string) => series.some((each) => each.name === name) || isDeclared(name, declared);
  if (!exists(requests)) return { wrong: `answers but has no ${requests}` };
  const samples: Sample[] = [];
  const seen = new Set<string>();
  const edges = edgesOf(metrics, series);
  const tooFine = edges > pollingDefaults.edgesAtMost;
  const bucket = `${latencyOf(metrics)}_bucket`;
  const parts = series.filter(({ name }) => name === bucket || name === `${latencyOf(metrics)}_count`);
  const histograms = new Map(tooFine ? [] : parts.map((each) => [each, histogramOf(each)]));
  const whole = new Set(
    parts.filter(({ labels }) => edgeOf(labels.le) === Infinity).map((each) => histograms.get(each)),
  );
  const measured = new Set<string>();
  for (const each of series) {
    const histogram = histograms.get(each) ?? "";
    for (const counter of meanings(metrics, each)) {
      if (typeof counter === "string") return { wrong: counter };
      // A histogram says twice how many it measured.
      if (each.name.endsWith("_count") && counter.kind === "within" && whole.has(histogram)) continue;
      if (tooFine && counter.kind === "within") continue;
      const id = `${roleOf(counter)} ${textOf(each)}`;
      if (!Number.isFinite(each.value) || each.value < 0) {
        return { wrong: `gives ${each.value} for ${shown(each)}, which is no count` };
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
  if (cut !== undefined) return { wrong: `gives ${oneLine(cut)} without its +Inf: it is cut off` };
  const { latency } = metrics;
  const lacksLatency = latency !== undefined && !bare && !exists(`${latency}_bucket`) && !isDeclared(latency, declared);
  const halves = Object.values(metrics.pairs ?? {}).flatMap(({ bad, total }) =>
    // A misspelt counter of what is bad never counts anything, and would be good for ever.
    declared === undefined ? [total.metric] : [bad.metric, total.metric],
  );
  const missing = new Set([...(lacksLatency ? [latency] : []), ...halves.filter((name) => !exists(name))]);
  const wrong = [
    ...(missing.size > 0 ? [`answers but has no ${oneLine([...missing].join(", no "))}`] : []),
    ...(tooFine
      ? [
          `gives ${oneLine(latencyOf(metrics))} with ${count(edges)} edges, and at most ${count(pollingDefaults.edgesAtMost)} are compared: have fewer buckets`,
        ]
      : []),
  ];
  return { samples, ...(wrong.length > 0 && { wrong: wrong.join(", and ") }) };
}

/** How many edges the histogram of latency has, whatever its other labels; that of all is none. */
function edgesOf(metrics: Metrics, series: readonly Series[]): number {
  const bucket = `${latencyOf(metrics)}_bucket`;
  const edges = series.flatMap(({ name, labels }) => (name === bucket && labels.le !== undefined ? [labels.le] : []));
  return new Set(edges.map(edgeOf).filter(Number.isFinite)).size;
}

const edgeOf = (le = "") => (/^\+?inf$/i.test(le) ? Infinity : Number.parseFloat(le));

/** A counter's TYPE leaves out the `_total` in OpenMetrics. */
function isDeclared(name: string, declared: ReadonlySet<string> | undefined): boolean {
  return declared !== undefined && (declared.has(name) || declared.has(name.replace(/_total$/, "")));
}

/** Everything that a series counts, or what is wrong with it. */
function* meanings(metrics: Metrics, series: Series): Generator<Counter | string> {
  const { name, labels } = series;
  const latency = latencyOf(metrics);
  if (name === requestsOf(metrics)) {
    const label = codeLabels(metrics).find((candidate) => Object.hasOwn(labels, candidate));
    const code = label === undefined ? undefined : labels[label]?.toLowerCase();
    if (code === undefined) yield `has ${shown(series)}, without the label ${codeLabels(metrics).join(" or ")}`;
    // Istio, Envoy and nginx count a request that got no answer under 0: it failed.
    else if (/^0+$/.test(code)) yield { kind: "requests", code: "5xx" };
    // Of the others below 200 only 101 ends a request: it became a WebSocket.
    else if (/^[2-5](\d\d|xx)$|^101$/.test(code)) yield { kind: "requests", code };
    else yield `has ${shown(series)}, whose ${label} is no status of an answer`;
  }
  if (name === `${latency}_bucket`) {
    const edge = edgeOf(labels.le);
    if (Number.isNaN(edge)) yield `has ${shown(series)}, whose le is no number`;
    else yield { kind: "within", seconds: metrics.latencyUnit === "milliseconds" ? edge / 1000 : edge };
  }
  if (name === `${latency}_count`) yield { kind: "within", seconds: Infinity };
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

/** The histogram that a bucket or a count belongs to. */
function histogramOf({ name, labels: { le, ...labels } }: Series): string {
  return textOf({ name: name.replace(/_(bucket|count)$/, ""), labels });
}

/** A series for a person. */
const shown = (series: Series) => oneLine(textOf(series));

/** A series as PromQL writes it, its labels in order: the same text for the same series. */
export function textOf({ name, labels }: Pick<Series, "name" | "labels">): string {
  const names = Object.keys(labels).sort();
  return names.length === 0 ? name : `${name}{${names.map((key) => `${key}=${JSON.stringify(labels[key])}`).join()}}`;
}
