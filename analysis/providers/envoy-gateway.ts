import { oneLine } from "../../border/foreign-text.ts";
import type { MetricSource } from "../reading.ts";
import { unread } from "./prometheus.ts";

/** An HTTPRoute; what is needed of it here. */
interface Route {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly rules?: readonly {
      readonly backendRefs?: readonly { readonly name: string; readonly filters?: readonly object[] }[];
    }[];
  };
}

type Track = "stable" | "canary";
/** Tracks by the names of the clusters that lead to them, and to nothing else. */
export type Clusters = ReadonlyMap<string, Track>;

/**
 * The clusters that Envoy Gateway makes of HTTPRoutes.
 *
 * 1. A rule is one cluster, `httproute/<namespace>/<route>/rule/<n>`, with all its backends in it.
 * 2. Where a backend has a filter each has its own, `.../backend/<i>`, by its place in the rule
 *    (https://github.com/envoyproxy/gateway/issues/7008, https://github.com/envoyproxy/gateway/issues/7017). So it may be
 *    where one has no endpoints.
 * 3. A place says nothing of a track: beside stable canary is the second, in the rule of the token it is the first.
 *
 * @param backends the Service of each track
 * @throws Error, a sentence, where a rule goes to both tracks and its counters are of both
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
          `Envoy Gateway counts both tracks as one in rule ${n} of HTTPRoute ${oneLine(metadata.name)}: give the route a canaryHeader, or take the numbers from elsewhere.`,
        );
      }
      if (track && others.length === 0) clusters.set(rule, track);
      for (const [i, each] of tracks.entries()) if (each) clusters.set(`${rule}/backend/${i}`, each);
    }
  }
  return clusters;
}

/**
 * Reads Envoy Gateway's counters by what the live HTTPRoutes say at each look: a cluster's name is its place in a route, which
 * may lead elsewhere after a change. One that did is never read again, because its counters are of both tracks.
 *
 * @param args.routes the HTTPRoutes of the service, as they are now
 * @param args.source reads the counters of these clusters
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
        if (routes.length === 0) throw new Error("The service has no HTTPRoute, by which Envoy Gateway counts.");
        for (const [cluster, track] of clustersOf(routes, args.backends)) {
          const former = known.get(cluster) ?? track;
          if (former !== track) {
            throw new Error(
              `${oneLine(cluster)} of Envoy Gateway led to ${former} and leads to ${track} now, so its counters are of both: run gray verify anew.`,
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
