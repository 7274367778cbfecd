/** Interprets series as counters of requests, latency and the user's pairs. */
import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import { count } from "../format.ts";
import type { Counter, Sample } from "../reading.ts";
import { type Convention, conventions } from "./conventions.ts";
import type { Series, Wanted } from "./exposition.ts";
import { codeIn, type StatusLabels, statusLabelsOf } from "./status-label.ts";

/** The names of a service's metrics. */
export interface Metrics {
  /**
   * The counter of requests; false for a worker, which answers none.
   * @default the first of `conventions` that a target has, for HTTP and for gRPC
   */
  readonly requests?: string | false;
  /** Its label with the HTTP status code. @default chosen by its values */
  readonly codeLabel?: string;
  /** The classic histogram of their duration, without `_bucket`; false to read none. @default that of the same convention */
  readonly latency?: string | false;
  /** Unit of its edges. @default by its convention or its name, else "seconds" */
  readonly latencyUnit?: "seconds" | "milliseconds";
  /** Values of labels whose requests are left out, as in `{ path: ["/healthz"] }`, because no user sends them. @default none */
  readonly without?: Readonly<Record<string, readonly string[]>>;
  /** Additional indicators, each a pair of counters, as in `{ orders: { bad: ..., total: ... } }`. @default none */
  readonly pairs?: Readonly<Record<string, { readonly bad: Selector; readonly total: Selector }>>;
}

/** Selects series by the metric's name and by exact values of labels. */
export interface Selector {
  readonly metric: string;
  /** Required labels. @default none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The metrics of requests that a target may have, in order of preference. */
function possible({ requests }: Metrics): readonly Convention[] {
  if (requests === undefined) return conventions;
  if (requests === false) return [];
  const known = conventions.filter((each) => each.requests === requests);
  // Without a convention of its own, a counter goes with the usual histogram.
  const [usual] = conventions as readonly [Convention];
  return known.length > 0 ? known : [{ ...usual, requests }];
}

/** The histograms of a target's latency. */
function latenciesOf({ latency }: Metrics, among: readonly Convention[]): string[] {
  if (latency === undefined) return [...new Set(among.map((each) => each.latency))];
  return latency === false ? [] : [latency];
}

/** The series of a histogram that are read. */
const partsOf = (histogram: string) => [`${histogram}_bucket`, `${histogram}_count`];

/**
 * The names of all series that are read.
 *
 * @example
 * seriesNames({ requests: "hits_total", latency: "hit_seconds" }) // ["hits_total", "hit_seconds_bucket", "hit_seconds_count"]
 */
export function seriesNames(metrics: Metrics): string[] {
  const pairs = Object.values(metrics.pairs ?? {}).flatMap(({ bad, total }) => [bad.metric, total.metric]);
  const all = possible(metrics);
  const latencies = latenciesOf(metrics, all).flatMap(partsOf);
  return [...new Set([...all.map(({ requests }) => requests), ...latencies, ...pairs])];
}

/** The counter of requests, for messages. @example requestsIn({}) // "http_requests_total or another usual counter of requests" */
export function requestsIn(metrics: Metrics): string {
  const [first, ...others] = possible(metrics);
  return `${first?.requests ?? seriesNames(metrics)[0]}${others.length > 0 ? " or another usual counter of requests" : ""}`;
}

/** The series and declarations of a page of metrics that are needed. @example wantedOf({ requests: "hits_total" }) */
export function wantedOf(metrics: Metrics): Wanted {
  const series = new Set(seriesNames(metrics));
  return { series, declared: new Set([...series].flatMap(declarationsOf)) };
}

/** The names that may declare a series: a histogram's base name, and in OpenMetrics a counter's name without `_total`. */
const declarationsOf = (name: string) => [name, name.replace(/_(total|bucket|count)$/, "")];

/** The samples of a target, or an error as the rest of a sentence whose subject is the target, or both. */
export interface Counted {
  readonly samples?: readonly Sample[];
  readonly wrong?: string;
}

/** What else is known of a target. */
export interface About {
  /**
   * Names that exist, with or without series: a counter may have no series before its first event. Without declarations, as
   * from Prometheus, the bad counter of a pair may be missing for this reason. @default no declarations
   */
  readonly declared?: ReadonlySet<string>;
  /** Whether the target answers gRPC calls. @default unknown */
  readonly servesGrpc?: boolean;
}

/**
 * The counters of one target.
 *
 * @example countersOf({}, series).samples // the counters, or undefined if any is missing
 */
export function countersOf(
  metrics: Metrics,
  found: readonly Series[],
  { declared, servesGrpc = false }: About = {},
): Counted {
  const exists = (name: string) => found.some((each) => each.name === name) || isDeclared(name, declared);
  const families = familiesOf(metrics, found, exists);
  if (families.length === 0 && metrics.requests !== false)
    return { wrong: `answers but has no ${requestsIn(metrics)}` };
  const latencies = latenciesOf(metrics, families);
  const series = withoutOthers(metrics, found, families, latencies);
  const samples: Sample[] = [];
  const seen = new Set<string>();
  const [finest, edges] = finestOf(latencies, series);
  const tooFine = edges > pollingDefaults.edgesAtMost;
  const ofLatency = new Set(latencies.flatMap(partsOf));
  const parts = series.filter(({ name }) => ofLatency.has(name));
  const histograms = new Map(tooFine ? [] : parts.map((each) => [each, histogramOf(each)]));
  const whole = new Set(
    parts.filter(({ labels }) => edgeOf(labels.le) === Infinity).map((each) => histograms.get(each)),
  );
  const bucketed = new Set(parts.flatMap((each) => (each.name.endsWith("_bucket") ? [histograms.get(each)] : [])));
  const measured = new Set<string>();
  for (const each of series) {
    const histogram = histograms.get(each) ?? "";
    for (const counter of meanings(metrics, families, latencies, each)) {
      if (typeof counter === "string") return { wrong: counter };
      // A histogram has its total in both `_count` and the +Inf bucket; a summary has no bucket, so its total measures nothing.
      const isTotal = each.name.endsWith("_count") && counter.kind === "within";
      if (isTotal && (whole.has(histogram) || !bucketed.has(histogram))) continue;
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
  const [cut] = [...bucketed].filter((histogram) => histogram !== undefined && !measured.has(histogram));
  if (cut !== undefined) return { wrong: `gives ${oneLine(cut)} without its +Inf bucket: it is incomplete` };
  const hasRequests = samples.some(({ counter, value }) => counter.kind === "requests" && value > 0);
  const hasEdges = samples.some(({ counter }) => counter.kind === "within" && counter.seconds !== Infinity);
  const halves = Object.values(metrics.pairs ?? {}).flatMap(({ bad, total }) =>
    // A misspelt bad counter never counts, so the pair would always be good.
    declared === undefined ? [total.metric] : [bad.metric, total.metric],
  );
  // What a worker measures has no requests that it could be held against.
  const named = metrics.requests === false ? latencies.filter((name) => !exists(`${name}_bucket`)) : [];
  const missing = new Set([...named, ...halves.filter((name) => !exists(name))]);
  const isCalled = servesGrpc || found.some(({ labels }) => labels.request_protocol === "grpc");
  const wrong = [
    ...(missing.size > 0 ? [`answers but has no ${oneLine([...missing].join(", no "))}`] : []),
    ...(tooFine
      ? [
          `gives ${oneLine(finest)} with ${count(edges)} edges, more than the limit of ${count(pollingDefaults.edgesAtMost)}: use fewer buckets`,
        ]
      : []),
    // A release whose answers are all slow would look good.
    ...(hasRequests && !hasEdges && !tooFine && latencies.length > 0 ? [lacksLatency(latencies, parts)] : []),
    ...(isCalled && hasRequests && halves.length === 0 && !families.some(seesGrpc) ? [blindForGrpc] : []),
  ];
  return { samples, ...(wrong.length > 0 && { wrong: wrong.join(", and ") }) };
}

/** A counter of requests that a target has, with the labels of its status. */
interface Family extends Convention {
  readonly labels: StatusLabels | undefined;
}

/** The counters of requests of a target: of each protocol the first whose series have a status, else the first of all. */
function familiesOf(metrics: Metrics, series: readonly Series[], exists: (name: string) => boolean): Family[] {
  const all = possible(metrics)
    .filter(({ requests }) => exists(requests))
    .map((each): Family => {
      const own = series.filter(({ name }) => name === each.requests).map(({ labels }) => labels);
      return { ...each, labels: statusLabelsOf(each.requests, own, metrics.codeLabel) };
    });
  const usable = all.filter(({ labels }) => labels !== undefined);
  if (usable.length === 0) return all.slice(0, 1);
  return [...Map.groupBy(usable, ({ protocol }) => protocol).values()].map(([first, ...others]) => {
    const same = [first as Family, ...others.filter(({ requests }) => requests === first?.requests)];
    return same.find(({ latency }) => exists(`${latency}_bucket`)) ?? (first as Family);
  });
}

const seesGrpc = ({ protocol, labels }: Family) => protocol === "grpc" || labels?.grpc !== undefined;

const blindForGrpc =
  "counts its gRPC calls by their HTTP status alone, which is 200 for a failed call too: read a source with the gRPC status, such as grpc_server_handled_total of the pods, or give a --pair";

function lacksLatency(latencies: readonly string[], parts: readonly Series[]): string {
  const names = oneLine(latencies.join(", no "));
  const what = parts.length > 0 ? `has no buckets in ${oneLine(latencies.join(", "))}` : `has no ${names}`;
  return `${what}, so its latency is not known: name the histogram with --latency, or give --latency none, or plan.latency, if there is none`;
}

/** The series without those requests that are left out by their labels. Pairs have their own labels. */
function withoutOthers(
  { without = {} }: Metrics,
  series: readonly Series[],
  families: readonly Family[],
  latencies: readonly string[],
): readonly Series[] {
  const left = Object.entries(without);
  if (left.length === 0) return series;
  const names = new Set([...families.map(({ requests }) => requests), ...latencies.flatMap(partsOf)]);
  const isLeftOut = ({ labels }: Series) => left.some(([label, values]) => values.includes(labels[label] ?? ""));
  return series.filter((each) => !names.has(each.name) || !isLeftOut(each));
}

/** The latency histogram with the most distinct edges over all its labels, and their number without +Inf. */
function finestOf(latencies: readonly string[], series: readonly Series[]): [name: string, edges: number] {
  const counts = latencies.map((latency): [string, number] => {
    const edges = series.flatMap(({ name, labels }) =>
      name === `${latency}_bucket` && labels.le !== undefined ? [labels.le] : [],
    );
    return [latency, new Set(edges.map(edgeOf).filter(Number.isFinite)).size];
  });
  return counts.reduce((most, each) => (each[1] > most[1] ? each : most), ["", 0]);
}

const edgeOf = (le = "") => (/^\+?inf$/i.test(le) ? Infinity : Number.parseFloat(le));

function isDeclared(name: string, declared: ReadonlySet<string> | undefined): boolean {
  return declared !== undefined && declarationsOf(name).some((each) => declared.has(each));
}

/** All meanings of a series, or an error as the rest of a sentence. */
function* meanings(
  metrics: Metrics,
  families: readonly Family[],
  latencies: readonly string[],
  series: Series,
): Generator<Counter | string> {
  const { name, labels } = series;
  const family = families.find(({ requests }) => requests === name);
  if (family) {
    if (family.labels === undefined) yield `has ${shown(series)}, without a label that holds the status code`;
    else yield { kind: "requests", code: codeIn(labels, family.labels) };
  }
  for (const latency of latencies) {
    if (name === `${latency}_bucket`) {
      const edge = edgeOf(labels.le);
      const milliseconds = unitOf(metrics, latency) === "milliseconds";
      if (Number.isNaN(edge)) yield `has ${shown(series)}, whose le is not a number`;
      else yield { kind: "within", seconds: milliseconds ? edge / 1000 : edge };
    }
    if (name === `${latency}_count`) yield { kind: "within", seconds: Infinity };
  }
  for (const [pair, halves] of Object.entries(metrics.pairs ?? {})) {
    for (const half of ["bad", "total"] as const) {
      if (isOf(halves[half], series)) yield { kind: "pair", name: pair, of: half };
    }
  }
}

function unitOf({ latencyUnit }: Metrics, latency: string): "seconds" | "milliseconds" {
  const known = conventions.find((each) => each.latency === latency);
  return latencyUnit ?? known?.unit ?? (/_(milliseconds|ms)$/.test(latency) ? "milliseconds" : "seconds");
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
