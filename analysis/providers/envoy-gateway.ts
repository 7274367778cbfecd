/** Finds which of Envoy Gateway's clusters lead to which track, and reads their counters. */
import { oneLine } from "../../border/foreign-text.ts";
import type { MetricSource } from "../reading.ts";
import { exact, like, type Query, type QueryArgs, quoted } from "./query.ts";
import { unread } from "./unread.ts";

/** The fields of an HTTPRoute that are used here. */
interface Route {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly rules?: readonly {
      readonly backendRefs?: readonly { readonly name: string; readonly filters?: readonly object[] }[];
    }[];
  };
}

type Track = "stable" | "canary";
/** Tracks by the names of the clusters that lead to this track only. */
export type Clusters = ReadonlyMap<string, Track>;

/**
 * The clusters that Envoy Gateway creates for HTTPRoutes.
 *
 * 1. A rule is one cluster, `httproute/<namespace>/<route>/rule/<n>`, with all its backends.
 * 2. If any backend of the rule has a filter, each backend has its own cluster, `.../backend/<i>`, by its position in the
 *    rule (https://github.com/envoyproxy/gateway/issues/7008, https://github.com/envoyproxy/gateway/issues/7017). This may
 *    also be so if a backend has no endpoints.
 * 3. The position does not identify the track: canary is second beside stable, and first in the rule of the token.
 *
 * @param backends the Service of each track
 * @throws Error with a sentence if a rule leads to both tracks through one cluster, so that its counters mix both
 * @example
 * clustersOf(routes, { stable: "web-stable", canary: "web-canary" }).get("httproute/shop/web/rule/0") // "canary"
 */
export function clustersOf(routes: readonly Route[], backends: Readonly<Record<Track, string>>): Clusters {
  const clusters = new Map<string, Track>();
  for (const { metadata, spec } of routes) {
    for (const [n, { backendRefs = [] }] of (spec.rules ?? []).entries()) {
      const rule = `httproute/${metadata.namespace}/${metadata.name}/rule/${n}`;
      const tracks = backendRefs.map(({ name }) =>
        name === backends.stable ? "stable" : name === backends.canary ? "canary" : undefined,
      );
      const [track, ...others] = new Set(tracks);
      if (others.length > 0 && !backendRefs.some(({ filters = [] }) => filters.length > 0)) {
        throw new Error(
          `Envoy Gateway counts both tracks as one in rule ${n} of HTTPRoute ${oneLine(metadata.name)}: give the route a canaryHeader, or choose another source of metrics.`,
        );
      }
      if (track && others.length === 0) clusters.set(rule, track);
      for (const [i, each] of tracks.entries()) if (each) clusters.set(`${rule}/backend/${i}`, each);
    }
  }
  return clusters;
}

/**
 * A source that reads Envoy Gateway's counters, with the clusters of the live HTTPRoutes at each poll. A cluster is named by
 * its position in a route, so a change of the route may change its track. Such a cluster is not read any more, because its
 * counters mix both tracks.
 *
 * @param args.routes reads the current HTTPRoutes of the service
 * @param args.backends the Service of each track
 * @param args.source creates the source that reads the counters of the given clusters
 * @example
 * ```ts
 * byLiveRoutes({
 *   routes: readRoutes,
 *   backends: { stable: "web-stable", canary: "web-canary" },
 *   source: (clusters) => prometheusSource({ url: "http://prometheus:9090", query: envoyGateway({ clusters }) }),
 * })
 * ```
 */
export function byLiveRoutes(args: {
  readonly routes: (signal: AbortSignal) => Promise<readonly Route[]>;
  readonly backends: Readonly<Record<Track, string>>;
  readonly source: (clusters: Clusters) => MetricSource;
}): MetricSource {
  const known = new Map<string, Track>();
  return {
    describe: () => args.source(known).describe(),
    async read(pods, signal) {
      try {
        const routes = await args.routes(signal);
        if (routes.length === 0)
          throw new Error("The service has no HTTPRoute, so Envoy Gateway has no counters of it.");
        for (const [cluster, track] of clustersOf(routes, args.backends)) {
          const former = known.get(cluster) ?? track;
          if (former !== track) {
            throw new Error(
              `${oneLine(cluster)} of Envoy Gateway led to ${former} and now leads to ${track}, so its counters mix both: run gray verify again.`,
            );
          }
          known.set(cluster, track);
        }
      } catch (error) {
        return unread(pods, (error as Error).message);
      }
      return args.source(known).read(pods, signal);
    },
  };
}

/**
 * Queries Envoy Gateway's counters of each cluster
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats: upstream_rq_<code> and
 * upstream_rq_time, a histogram in milliseconds).
 *
 * @param args.clusters the track of each cluster, see {@link clustersOf}
 * @example envoyGateway({ clusters: clustersOf(routes, { stable: "web-stable", canary: "web-canary" }) })
 */
export function envoyGateway(args: Omit<QueryArgs, "namespace"> & { readonly clusters: Clusters }): Query {
  const { clusters, labels } = args;
  return {
    about: "the counters of Envoy Gateway, by HTTP status alone",
    metrics: {
      requests: "envoy_cluster_upstream_rq",
      codeLabel: "envoy_response_code",
      latency: "envoy_cluster_upstream_rq_time",
      latencyUnit: "milliseconds",
    },
    matchers: () => [like("envoy_cluster_name", [...clusters.keys()].map(quoted).join("|")), ...exact(labels)],
    trackOf: (found) => clusters.get(found.envoy_cluster_name ?? ""),
    hint: "does Prometheus scrape the proxies of Envoy Gateway, and do their clusters have the default names?",
  };
}
