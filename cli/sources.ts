import type { Command } from "commander";
import type { MetricSource } from "../analysis/reading.ts";
import type { Metrics, Selector } from "../analysis/sources/metrics.ts";
import { podSource } from "../analysis/sources/pods.ts";
import { prometheusSource } from "../analysis/sources/prometheus.ts";
import { envoyGateway, ingressNginx, istio, ownMetrics, type Query, traefik } from "../analysis/sources/queries.ts";
import { Refusal } from "../components/refusal.ts";
import type { FoundService } from "./services.ts";

/** Where the numbers of a verb come from. */
export interface SourceOptions {
  readonly prometheus?: string;
  readonly authorizationFile?: string;
  readonly series: string;
  readonly requests?: string;
  readonly latency?: string;
  readonly pair: readonly string[];
}

const series = {
  own: ownMetrics,
  traefik,
  "envoy-gateway": envoyGateway,
  "ingress-nginx": ingressNginx,
  istio,
} as const satisfies Record<string, (args: { service: string; namespace: string; metrics?: Metrics }) => Query>;

/** A verb with the options that say where its numbers come from. */
export function aboutSource(verb: Command): Command {
  return verb
    .option("--prometheus <url>", "read from this Prometheus instead of the pods' own /metrics")
    .option("--authorization-file <path>", "file with the Authorization header, or a bearer token, for Prometheus")
    .option("--series <whose>", `whose series in Prometheus: ${Object.keys(series).join(", ")}`, "own")
    .option("--requests <metric>", "counter of requests by status code (default: http_requests_total)")
    .option("--latency <metric>", "histogram of seconds (default: http_request_duration_seconds)")
    .option(
      "--pair <name=bad/total>",
      'two counters of yours, as in lost=orders_total{state="lost"}/orders_total; may be repeated',
      (each: string, all: readonly string[]) => [...all, each],
      [],
    );
}

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
  if (options.prometheus === undefined) {
    const alone =
      options.authorizationFile !== undefined
        ? "--authorization-file"
        : options.series !== "own"
          ? "--series"
          : undefined;
    if (alone) throw new Refusal(`${alone} is for Prometheus: give its address with --prometheus too.`);
    return podSource({ get: api.text, namespace, metrics });
  }
  if (!URL.canParse(options.prometheus)) {
    throw new Refusal(`--prometheus ${options.prometheus} is no address: give one as in http://127.0.0.1:9090.`);
  }
  const query = series[options.series as keyof typeof series];
  if (!query)
    throw new Refusal(`--series ${options.series} is unknown: choose one of ${Object.keys(series).join(", ")}.`);
  if (options.series !== "own" && (options.requests ?? options.latency ?? options.pair[0]) !== undefined) {
    throw new Refusal(`--series ${options.series} has its own metrics: leave --requests, --latency and --pair out.`);
  }
  return prometheusSource({
    url: options.prometheus,
    query: query({ service, namespace, metrics }),
    ...(options.authorizationFile !== undefined && { authorizationFile: options.authorizationFile }),
  });
}

/**
 * Pairs as written on a command line, by their names.
 *
 * @throws Refusal if one is not `name=bad/total`
 */
export function pairsOf(written: readonly string[]): Record<string, { bad: Selector; total: Selector }> {
  return Object.fromEntries(
    written.map((pair) => {
      const [, name, bad, total] = /^([^=]+)=(.+?)\/([^/"]+(?:\{.*\})?)$/.exec(pair) ?? [];
      const selectors = [bad, total].map((text) => text !== undefined && selectorOf(text));
      const [ofBad, ofTotal] = selectors;
      if (name === undefined || !ofBad || !ofTotal) {
        throw new Refusal(
          `--pair ${pair} is no pair: write name=bad/total, each a metric as in orders_total or orders_total{state="lost"}.`,
        );
      }
      return [name, { bad: ofBad, total: ofTotal }];
    }),
  );
}

function selectorOf(text: string): Selector | undefined {
  const [whole, metric, inside] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?$/.exec(text.trim()) ?? [];
  if (whole === undefined || metric === undefined) return undefined;
  if (inside === undefined) return { metric };
  const labels = inside.split(",").map((each) => /^\s*([a-zA-Z_]\w*)="([^"]*)"\s*$/.exec(each));
  if (labels.includes(null)) return undefined;
  return { metric, labels: Object.fromEntries(labels.map((found) => [found?.[1], found?.[2]])) };
}
