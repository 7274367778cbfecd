/** The options that choose the source of the evidence, and the source that they describe. */
import { type Command, Option } from "commander";
import { reservedNames } from "../../analysis/indicators/built-in.ts";
import { byLiveRoutes, type Clusters, envoyGateway } from "../../analysis/providers/envoy-gateway.ts";
import { ingressNginx } from "../../analysis/providers/ingress-nginx.ts";
import { istio } from "../../analysis/providers/istio.ts";
import type { Metrics, Selector } from "../../analysis/providers/metrics.ts";
import { ownMetrics } from "../../analysis/providers/own-metrics.ts";
import { podSource } from "../../analysis/providers/pods.ts";
import { prometheusSource } from "../../analysis/providers/prometheus.ts";
import type { Query } from "../../analysis/providers/query.ts";
import { traefik } from "../../analysis/providers/traefik.ts";
import { unread } from "../../analysis/providers/unread.ts";
import type { MetricSource } from "../../analysis/reading.ts";
import { backendName, deploymentName } from "../../components/names.ts";
import type { Track } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";
import type { Counts } from "../../evaluation/assess.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import type { DeployedService } from "../../live/live.ts";
import { readRoutes } from "../../live/traffic/gateway/routes.ts";
import { isLiveWorker } from "../../live/traffic/worker.ts";
import { readPlan } from "../../probe/plan.ts";

/** The value of `--latency` for a service that measures none. */
const noLatency = "none";

/** Where a command reads the evidence from. */
export interface SourceOptions {
  readonly prometheus?: string;
  readonly prometheusCa?: string;
  readonly authorizationFile?: string;
  readonly series: string;
  readonly label?: readonly string[];
  readonly metricsPath?: string;
  readonly podPort?: string;
  readonly requests?: string;
  readonly latency?: string;
  readonly without?: readonly string[];
  readonly pair: readonly Pair[];
}

/** Two counters of the user: bad events, and all events. */
export interface Pair {
  readonly name: string;
  readonly bad: Selector;
  readonly total: Selector;
}

/** What a query may depend on. */
interface QueryContext {
  readonly service: string;
  readonly namespace: string;
  readonly metrics: Metrics;
  readonly labels: Readonly<Record<string, string>>;
  /** Clusters of Envoy Gateway, from the live HTTPRoutes; empty for other series. */
  readonly clusters: Clusters;
}

/** A source of series in Prometheus. */
interface Series {
  readonly query: (context: QueryContext) => Query;
  /** Whether it counts exactly the requests that the routes of a traffic mode split by weight. @default false */
  readonly atGateway?: boolean;
  /** Whether the query needs the clusters of the live routes. @default false */
  readonly byRoutes?: boolean;
}

/** The supported sources of series in Prometheus. */
const sources: ReadonlyMap<string, Series> = new Map<string, Series>([
  ["own", { query: ownMetrics }],
  [
    "traefik",
    { query: (context) => traefik({ ...context, backends: byTrack(backendName, context.service) }), atGateway: true },
  ],
  ["envoy-gateway", { query: envoyGateway, atGateway: true, byRoutes: true }],
  [
    "ingress-nginx",
    { query: (context) => ingressNginx({ ...context, backends: byTrack(backendName, context.service) }) },
  ],
  ["istio", { query: (context) => istio({ ...context, workloads: byTrack(deploymentName, context.service) }) }],
]);
/** The service whose metrics are read. */
type Observed = ServiceHandle & Pick<DeployedService, "deployments">;

const choices = [...sources.keys()].join(", ");

/** What the source counts: the user's pairs, and whether exactly the requests that a gateway routed by weight. */
export function countsOf({ prometheus, series, pair }: SourceOptions): Counts {
  const atGateway = prometheus !== undefined && sources.get(series)?.atGateway === true;
  return { pairs: pair.map(({ name }) => name), atGateway };
}

function byTrack(nameOf: (service: string, track: Track) => string, service: string): Record<Track, string> {
  return { stable: nameOf(service, "stable"), canary: nameOf(service, "canary") };
}

/** Adds the options that choose the source of the evidence. */
export function withSourceOptions(command: Command): Command {
  return command
    .option("--prometheus <url>", "read from this Prometheus instead of /metrics of the pods")
    .option("--prometheus-ca <file>", "PEM file with additional certificates to trust for Prometheus")
    .option("--authorization-file <path>", "file with the Authorization header or a bearer token for Prometheus")
    .option("--series <source>", `which series in Prometheus to read: ${choices}`, "own")
    .addOption(
      new Option("--label <name=value>", "label that all series in Prometheus have; may be repeated")
        .argParser(collect)
        .default([], "none"),
    )
    .option("--metrics-path <path>", "path of the metrics of the pods (default: prometheus.io/path, else /metrics)")
    .option("--pod-port <port>", "port of the metrics of the pods, number or name (default: prometheus.io/port)")
    .option("--requests <metric>", "counter of requests by status code (default: found in the metrics)")
    .option(
      "--latency <metric>",
      "histogram of their duration, or none (default: found in the metrics; for a worker none)",
    )
    .addOption(
      new Option("--without <label=value>", "leave out requests with this label, as in path=/healthz; may be repeated")
        .argParser(collect)
        .default([], "none"),
    )
    .addOption(pairOption());
}

/** `--pair`: two counters of the user. */
export function pairOption(): Option {
  return new Option(
    "--pair <name=bad/total>",
    'two counters of your own to compare, as in lost=orders_total{state="lost"}/orders_total; may be repeated. For a worker the first pair counts its items',
  )
    .argParser((each: string, all: readonly Pair[]) => [...all, pairOf(each, all)])
    .default([], "none");
}

const collect = (each: string, all: readonly string[]) => [...all, each];

/**
 * The source of the evidence that the options describe; without `--latency` the plan of the service may say that there is none.
 *
 * @throws UserError if an option is invalid, or they contradict each other or the kind of service
 */
export function sourceOf(options: SourceOptions, of: Observed): MetricSource {
  const asked = sourceBy(options, of);
  if (options.latency !== undefined || isLiveWorker(of.deployments)) return asked;
  let source: MetricSource | undefined;
  return {
    describe: () => asked.describe(),
    async read(pods, signal) {
      try {
        const latency = source ? undefined : (await readPlan({ ...of, api: of.api.until(signal) }))?.latency;
        source ??= latency === undefined ? asked : sourceBy({ ...options, latency }, of);
      } catch (error) {
        return unread(pods, (error as Error).message);
      }
      return source.read(pods, signal);
    },
  };
}

function sourceBy(options: SourceOptions, of: Observed): MetricSource {
  const { api, namespace, service, deployments } = of;
  const isOfWorker = isLiveWorker(deployments);
  if (isOfWorker) assertForWorker(service, options);
  // A worker answers no requests. Those to its own port, such as scrapes, say nothing about its work.
  const { requests = isOfWorker ? false : undefined } = options;
  const measuresNone = options.latency === undefined ? isOfWorker : options.latency === noLatency;
  const latency = measuresNone ? false : options.latency;
  const metrics: Metrics = {
    ...(requests !== undefined && { requests }),
    ...(latency !== undefined && { latency }),
    ...(options.without && options.without.length > 0 && { without: leftOutBy(options.without) }),
    pairs: pairsOf(options.pair),
  };
  const ofPrometheus: Given = {
    "--prometheus-ca": options.prometheusCa,
    "--authorization-file": options.authorizationFile,
    "--series": options.series === "own" ? undefined : options.series,
    "--label": options.label?.[0],
  };
  const ofPods: Given = { "--metrics-path": options.metricsPath, "--pod-port": options.podPort };
  if (options.prometheus === undefined) {
    const alone = firstGiven(ofPrometheus);
    if (alone) throw new UserError(`${alone} needs Prometheus: give its address with --prometheus too.`);
    const { metricsPath: path, podPort: port } = options;
    if (port !== undefined && !isPort(port)) {
      throw new UserError(
        `--pod-port ${port} is no port: give a number from 1 to 65535, or the name of a container port.`,
      );
    }
    return podSource({
      ask: api.stream,
      namespace,
      metrics,
      ...(path !== undefined && { path }),
      ...(port !== undefined && { port }),
    });
  }
  const alone = firstGiven(ofPods);
  if (alone) throw new UserError(`${alone} is for the metrics of the pods: leave it out, or leave out --prometheus.`);
  if (!URL.canParse(options.prometheus) || !/^https?:$/.test(new URL(options.prometheus).protocol)) {
    throw new UserError(`--prometheus ${options.prometheus} is no URL: give one as in http://127.0.0.1:9090.`);
  }
  const series = sources.get(options.series);
  if (!series) throw new UserError(`--series ${options.series} is unknown: choose one of ${choices}.`);
  const histogram = options.latency === noLatency ? undefined : options.latency;
  if (options.series !== "own" && (options.requests ?? histogram ?? options.pair[0]) !== undefined) {
    throw new UserError(`--series ${options.series} has fixed metrics: leave out --requests, --latency and --pair.`);
  }
  const { prometheus: url, prometheusCa: caFile, authorizationFile } = options;
  const labels = labelsOf(options.label ?? []);
  const reading = (clusters: Clusters) =>
    prometheusSource({
      url,
      query: withOptions(series.query({ service, namespace, metrics, labels, clusters }), metrics),
      ...(caFile !== undefined && { caFile }),
      ...(authorizationFile !== undefined && { authorizationFile }),
    });
  if (!series.byRoutes) return reading(new Map());
  return byLiveRoutes({
    routes: (signal) => readRoutes({ ...of, api: api.until(signal) }),
    backends: byTrack(backendName, service),
    source: reading,
  });
}

/** A query without latency if its service has none, and without the requests that are left out. */
function withOptions(query: Query, { latency, without }: Metrics): Query {
  const metrics = { ...query.metrics, ...(latency === false && { latency }), ...(without && { without }) };
  return { ...query, metrics };
}

/** @throws UserError for an option that is about requests */
function assertForWorker(service: string, { requests, series }: SourceOptions): void {
  const ofSeries = series === "own" ? undefined : `--series ${series}`;
  const refusedOption = requests === undefined ? ofSeries : "--requests";
  if (refusedOption === undefined) return;
  throw new UserError(
    `${refusedOption} counts requests, and ${service} is a worker, which answers none: leave it out, and name its counters with --pair.`,
  );
}

/** Options with their values. */
type Given = Readonly<Record<string, string | undefined>>;

/** The first option that has a value. */
function firstGiven(options: Given): string | undefined {
  return Object.keys(options).find((option) => options[option] !== undefined);
}

/** Whether a text is a port number, or a valid port name in Kubernetes. */
function isPort(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 65535;
  return /^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(text);
}

/** Values of labels by their names. @throws UserError if one is not `name=value` */
function leftOutBy(written: readonly string[]): Record<string, string[]> {
  const all = written.map((text) => {
    const [, name, value] = /^([a-zA-Z_]\w*)=(.+)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw new UserError(`--without ${text} is no label: give label=value, as in --without path=/healthz.`);
    }
    return { name, value };
  });
  const byName = [...Map.groupBy(all, ({ name }) => name)];
  return Object.fromEntries(byName.map(([name, each]) => [name, each.map(({ value }) => value)]));
}

/** Parses labels. @throws UserError if one is not `name=value`, or given twice */
function labelsOf(written: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const label of written) {
    const [, name, value] = /^([a-zA-Z_]\w*)=(.*)$/.exec(label) ?? [];
    if (name === undefined || value === undefined) {
      throw new UserError(`--label ${label} is no label: give name=value, as in --label job=fop-gate.`);
    }
    if (labels.has(name)) throw new UserError(`--label ${name} is given twice: give each label once.`);
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}

/**
 * Parses a pair of counters.
 *
 * @param written the value of `--pair`
 * @param others the pairs before it
 * @throws UserError if it is not `name=bad/total`, or its name is reserved or given twice
 */
function pairOf(written: string, others: readonly Pair[]): Pair {
  const [, name, ...halves] = /^([^=]+)=(.+?)\/([^/"]+(?:\{.*\})?)$/.exec(written) ?? [];
  const [bad, total] = halves.map((text) => selectorOf(text));
  if (name === undefined || !bad || !total) {
    throw new UserError(
      `--pair ${written} is no pair: give name=bad/total with two metrics, as in orders_total or orders_total{state="lost"}.`,
    );
  }
  if (reservedNames.includes(name)) {
    throw new UserError(`--pair ${name} has the name of a built-in indicator: choose another name.`);
  }
  if (others.some((other) => other.name === name)) {
    throw new UserError(`--pair ${name} is given twice: name the pairs differently.`);
  }
  return { name, bad, total };
}

/** Pairs by their names. */
export function pairsOf(pairs: readonly Pair[]): Record<string, Omit<Pair, "name">> {
  return Object.fromEntries(pairs.map(({ name, bad, total }) => [name, { bad, total }]));
}

function selectorOf(text: string): Selector | undefined {
  const [whole, metric, inside] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?$/.exec(text.trim()) ?? [];
  if (whole === undefined || metric === undefined) return undefined;
  if (inside === undefined) return { metric };
  const labels = inside.split(",").map((each) => /^\s*([a-zA-Z_]\w*)="([^"]*)"\s*$/.exec(each));
  if (labels.includes(null)) return undefined;
  return { metric, labels: Object.fromEntries(labels.map((found) => [found?.[1], found?.[2]])) };
}
