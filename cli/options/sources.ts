import type { Command } from "commander";
import { reservedNames } from "../../analysis/indicator.ts";
import { byLiveRoutes, type Clusters } from "../../analysis/providers/envoy-gateway.ts";
import type { Metrics, Selector } from "../../analysis/providers/metrics.ts";
import { podSource } from "../../analysis/providers/pods.ts";
import { prometheusSource } from "../../analysis/providers/prometheus.ts";
import {
  envoyGateway,
  ingressNginx,
  istio,
  ownMetrics,
  type Query,
  traefik,
} from "../../analysis/providers/queries.ts";
import type { MetricSource } from "../../analysis/reading.ts";
import { backendName, deploymentName } from "../../components/names.ts";
import type { Track } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";
import { readRoutes } from "../../live/routes.ts";
import type { FoundService } from "../services.ts";

/** Where the numbers of a verb come from. */
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
  readonly pair: readonly Pair[];
}

/** Two counters of the user's. */
interface Pair {
  readonly name: string;
  readonly bad: Selector;
  readonly total: Selector;
}

interface QueryContext {
  readonly service: string;
  readonly namespace: string;
  readonly metrics: Metrics;
  readonly labels: Readonly<Record<string, string>>;
  /** Envoy Gateway's, as the live routes say; none for others. */
  readonly clusters: Clusters;
}

/** Whose series there are in Prometheus. */
const series: ReadonlyMap<string, (context: QueryContext) => Query> = new Map([
  ["own", ownMetrics],
  ["traefik", (context: QueryContext) => traefik({ ...context, backends: byTrack(backendName, context.service) })],
  ["envoy-gateway", envoyGateway],
  [
    "ingress-nginx",
    (context: QueryContext) => ingressNginx({ ...context, backends: byTrack(backendName, context.service) }),
  ],
  ["istio", (context: QueryContext) => istio({ ...context, workloads: byTrack(deploymentName, context.service) })],
]);
const choices = [...series.keys()].join(", ");

/** Whether the source counts what a Gateway API gateway sent by the weights of its routes, and no other request. */
export function countsAtGateway({ prometheus, series }: SourceOptions): boolean {
  return prometheus !== undefined && ["traefik", "envoy-gateway"].includes(series);
}

function byTrack(nameOf: (service: string, track: Track) => string, service: string): Record<Track, string> {
  return { stable: nameOf(service, "stable"), canary: nameOf(service, "canary") };
}

/** A verb with the options that say where its numbers come from. */
export function withSourceOptions(command: Command): Command {
  return command
    .option("--prometheus <url>", "read from this Prometheus instead of the pods' own /metrics")
    .option("--prometheus-ca <file>", "certificates to trust for it beside the usual ones, PEM")
    .option("--authorization-file <path>", "file with the Authorization header, or a bearer token, for Prometheus")
    .option("--series <whose>", `whose series in Prometheus: ${choices}`, "own")
    .option("--label <name=value>", "a label that all series in Prometheus have; may be repeated", collect, [])
    .option("--metrics-path <path>", "of the pods' metrics (default: their prometheus.io/path, else /metrics)")
    .option("--pod-port <port>", "of the pods' metrics, a number or a name (default: their prometheus.io/port)")
    .option("--requests <metric>", "counter of requests by status code (default: http_requests_total)")
    .option("--latency <metric>", "histogram of seconds (default: http_request_duration_seconds)")
    .option(
      "--pair <name=bad/total>",
      'two counters of yours, as in lost=orders_total{state="lost"}/orders_total; may be repeated',
      (each: string, all: readonly Pair[]) => [...all, pairOf(each, all)],
      [],
    );
}

const collect = (each: string, all: readonly string[]) => [...all, each];

/**
 * The source that the options mean.
 *
 * @throws Refusal if they do not fit together
 */
export function sourceOf(options: SourceOptions, { api, namespace, service }: FoundService): MetricSource {
  const metrics: Metrics = {
    ...(options.requests !== undefined && { requests: options.requests }),
    ...(options.latency !== undefined && { latency: options.latency }),
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
    if (alone) throw new UserError(`${alone} is for Prometheus: give its address with --prometheus too.`);
    const { metricsPath: path, podPort: port } = options;
    if (port !== undefined && !isPort(port)) {
      throw new UserError(
        `--pod-port ${port} is no port: write a number from 1 to 65535, or the name of a container's port.`,
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
  if (alone) throw new UserError(`${alone} is for the pods' own metrics: leave it out, or --prometheus.`);
  if (!URL.canParse(options.prometheus) || !/^https?:$/.test(new URL(options.prometheus).protocol)) {
    throw new UserError(`--prometheus ${options.prometheus} is no address: give one as in http://127.0.0.1:9090.`);
  }
  const query = series.get(options.series);
  if (!query) throw new UserError(`--series ${options.series} is unknown: choose one of ${choices}.`);
  if (options.series !== "own" && (options.requests ?? options.latency ?? options.pair[0]) !== undefined) {
    throw new UserError(`--series ${options.series} has its own metrics: leave --requests, --latency and --pair out.`);
  }
  const { prometheus: url, prometheusCa: caFile, authorizationFile } = options;
  const labels = labelsOf(options.label ?? []);
  const reading = (clusters: Clusters) =>
    prometheusSource({
      url,
      query: query({ service, namespace, metrics, labels, clusters }),
      ...(caFile !== undefined && { caFile }),
      ...(authorizationFile !== undefined && { authorizationFile }),
    });
  if (options.series !== "envoy-gateway") return reading(new Map());
  return byLiveRoutes({
    routes: (signal) => readRoutes(api.until(signal), namespace, service),
    backends: byTrack(backendName, service),
    source: reading,
  });
}

/** Options with what they were given. */
type Given = Readonly<Record<string, string | undefined>>;

/** The first option that was given. */
function firstGiven(options: Given): string | undefined {
  return Object.keys(options).find((option) => options[option] !== undefined);
}

/** A number, or a name as Kubernetes lets ports have. */
function isPort(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 65535;
  return /^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(text);
}

/** @throws Refusal if one is not `name=value`, or named twice */
function labelsOf(written: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const label of written) {
    const [, name, value] = /^([a-zA-Z_]\w*)=(.*)$/.exec(label) ?? [];
    if (name === undefined || value === undefined) {
      throw new UserError(`--label ${label} is no label: write name=value, as in --label job=fop-gate.`);
    }
    if (labels.has(name)) throw new UserError(`--label ${name} is given twice: a series has each label once.`);
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}

/**
 * A pair as written on a command line.
 *
 * @param others those before it
 * @throws Refusal if it is not `name=bad/total`, or its name is taken
 */
function pairOf(written: string, others: readonly Pair[]): Pair {
  const [, name, ...halves] = /^([^=]+)=(.+?)\/([^/"]+(?:\{.*\})?)$/.exec(written) ?? [];
  const [bad, total] = halves.map((text) => selectorOf(text));
  if (name === undefined || !bad || !total) {
    throw new UserError(
      `--pair ${written} is no pair: write name=bad/total, each a metric as in orders_total or orders_total{state="lost"}.`,
    );
  }
  if (reservedNames.includes(name)) {
    throw new UserError(`--pair ${name} has a name that gray verify has a meaning for: choose another.`);
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
