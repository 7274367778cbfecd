import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import type { Pod, TargetReading } from "../reading.ts";
import type { Clusters } from "./envoy-gateway.ts";
import type { Series } from "./exposition.ts";
import { countersOf, type Metrics, seriesNames } from "./metrics.ts";

/**
 * What to ask of Prometheus, and whose counters the answer's series are. There is one selector for everything, so that the
 * answer is of one moment: a unit of which half were missing would pass for one that has no errors.
 */
export interface Query {
  /** In words for a person, as in "the counters of Traefik". */
  readonly about: string;
  readonly metrics: Metrics;
  /** Labels that a series has, as PromQL writes them: `namespace="dora-apps"`. */
  readonly matchers: (pods: readonly Pod[]) => readonly string[];
  /** The track that a series counts for, undefined if that cannot be told; absent where only pods are units. */
  readonly trackOf?: (labels: Labels) => string | undefined;
  /** What may be wrong where nothing is found. */
  readonly hint?: string;
}

type Labels = Readonly<Record<string, string>>;

/** How to tell a service's series from others that look alike. */
export interface QueryArgs {
  readonly namespace: string;
  /** Further labels that all series have exactly so, as in `{ cluster: "eu-1" }`. @default none */
  readonly labels?: Labels;
}

/** What a source calls the tracks. */
type Names = Readonly<Record<"stable" | "canary", string>>;

/** The pods' own metrics, as Prometheus reads them from each pod, labelled as by the Prometheus Operator. */
export function ownMetrics(args: QueryArgs & { readonly metrics?: Metrics }): Query {
  return {
    about: "the pods' own metrics",
    metrics: args.metrics ?? {},
    matchers: (pods) => [
      equal("namespace", args.namespace),
      like("pod", pods.map(({ name }) => quoted(name)).join("|")),
      ...exact(args.labels),
    ],
  };
}

/**
 * Traefik's counters of each service, `<namespace>-<service>-<port>@<provider>`
 * (https://doc.traefik.io/traefik/observability/metrics/overview/#service-metrics; the names are made in
 * pkg/provider/kubernetes/gateway/httproute.go).
 *
 * @param args.backends the Service of each track
 */
export function traefik(args: QueryArgs & { readonly backends: Names }): Query {
  const name = (track: keyof Names) =>
    `${quoted(`${args.namespace}-${args.backends[track]}`)}-(https?-)?[0-9a-z]+@kubernetes[a-z]*`;
  return {
    about: "the counters of Traefik",
    metrics: {
      requests: "traefik_service_requests_total",
      codeLabel: "code",
      latency: "traefik_service_request_duration_seconds",
    },
    ...byBackend("service", { stable: name("stable"), canary: name("canary") }, args.labels),
    hint: "is addServicesLabels on, honorLabels in its ServiceMonitor, and has the route both backends?",
  };
}

/**
 * Envoy Gateway's counters of each cluster
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats: upstream_rq_<code> and
 * upstream_rq_time, a histogram in milliseconds).
 *
 * @param args.clusters which of them lead to which track (analysis/providers/envoy-gateway.ts)
 */
export function envoyGateway(args: Omit<QueryArgs, "namespace"> & { readonly clusters: Clusters }): Query {
  const { clusters, labels } = args;
  return {
    about: "the counters of Envoy Gateway",
    metrics: {
      requests: "envoy_cluster_upstream_rq",
      codeLabel: "envoy_response_code",
      latency: "envoy_cluster_upstream_rq_time",
      latencyUnit: "milliseconds",
    },
    matchers: () => [like("envoy_cluster_name", [...clusters.keys()].map(quoted).join("|")), ...exact(labels)],
    trackOf: (found) => clusters.get(found.envoy_cluster_name ?? ""),
    hint: "does Prometheus read the proxies of Envoy Gateway, and are their clusters named as by default?",
  };
}

/**
 * ingress-nginx's counters of each Service (https://kubernetes.github.io/ingress-nginx/user-guide/monitoring). What a canary
 * Ingress sends away is counted under the first Service, with the canary's `<namespace>-<service>-<port>` in the label
 * `canary` (https://github.com/kubernetes/ingress-nginx/pull/7696).
 *
 * @param args.backends the Service of each track
 */
export function ingressNginx(args: QueryArgs & { readonly backends: Names }): Query {
  const { stable, canary } = args.backends;
  const sentAway = new RegExp(`^${quoted(`${args.namespace}-${canary}`)}-[0-9a-z-]+$`);
  return {
    about: "the counters of ingress-nginx",
    metrics: {
      requests: "nginx_ingress_controller_requests",
      codeLabel: "status",
      latency: "nginx_ingress_controller_request_duration_seconds",
    },
    matchers: () => [
      equal("namespace", args.namespace),
      like("service", `${quoted(stable)}|${quoted(canary)}`),
      ...exact(args.labels),
    ],
    trackOf: (labels) => {
      if (labels.service === canary || sentAway.test(labels.canary ?? "")) return "canary";
      return labels.service === stable && !labels.canary ? "stable" : undefined;
    },
    hint: `is honorLabels on in its ServiceMonitor, and has ingress-nginx the backends ${stable} and ${canary}?`,
  };
}

/**
 * Istio's standard metrics, by destination workload (https://istio.io/latest/docs/reference/config/metrics/), as the sidecar
 * of the pod counts them that answers; a label `reporter` chooses another: "source", or "waypoint".
 *
 * @param args.workloads the Deployment of each track
 */
export function istio(args: QueryArgs & { readonly workloads: Names }): Query {
  const labels = { reporter: "destination", destination_workload_namespace: args.namespace, ...args.labels };
  const { stable, canary } = args.workloads;
  return {
    about: "the counters of Istio",
    metrics: {
      requests: "istio_requests_total",
      codeLabel: "response_code",
      latency: "istio_request_duration_milliseconds",
      latencyUnit: "milliseconds",
    },
    ...byBackend("destination_workload", { stable: quoted(stable), canary: quoted(canary) }, labels),
    hint: `is telemetry on for reporter ${labels.reporter}? Choose another with --label reporter=waypoint`,
  };
}

/** Tracks by a label that names the backend, a regular expression each. */
function byBackend(
  label: string,
  tracks: Names,
  labels?: Labels,
): Pick<Query, "matchers"> & Required<Pick<Query, "trackOf">> {
  const patterns = Object.entries(tracks).map(([track, pattern]) => [track, new RegExp(`^(?:${pattern})$`)] as const);
  return {
    matchers: () => [like(label, Object.values(tracks).join("|")), ...exact(labels)],
    trackOf: (found) => patterns.find(([, pattern]) => pattern.test(found[label] ?? ""))?.[0],
  };
}

/**
 * The PromQL of a query: all its series with the samples of the last seconds, each with the time of its scrape. A plain
 * selector would give the time of the evaluation, and an old sample would pass for one of now.
 */
export function promQl({ metrics, matchers }: Query, pods: readonly Pod[], seconds: number): string {
  const names = like("__name__", seriesNames(metrics).map(quoted).join("|"));
  return `{${[names, ...matchers(pods)].join(",")}}[${seconds}s]`;
}

/** Labels of the scrape and not of what is counted: two with the same others are the same series, read twice. */
const scrapeLabels = new Set(["job", "instance", "prometheus", "prometheus_replica", "__replica__"]);

/** When an answer was given, on Prometheus's own clock, and the seconds of samples that it was asked for. */
export interface Answered {
  /** In milliseconds since the epoch. */
  readonly at: number;
  readonly seconds: number;
}

/**
 * The units of an answer. A series that names a listed pod belongs to it; others to the track whose backend they name, as
 * each process of the gateway counts it, and so to the release that all pods of the track run.
 */
export function targetsOf(
  query: Query,
  series: readonly Series[],
  pods: readonly Pod[],
  answered: Answered,
): TargetReading[] {
  const byPod = new Map<string, Series[]>();
  const byTrack = new Map<string, Map<string, Series[]>>();
  const instances = new Set<string>();
  const names = new Set(pods.map(({ name }) => name));
  for (const each of series) {
    const { pod } = each.labels;
    // It becomes the unit's name.
    const instance = oneLine(each.labels.instance ?? "the gateway");
    const track = query.trackOf?.(each.labels);
    if (pod !== undefined && names.has(pod)) push(byPod, pod, each);
    else if (track !== undefined) {
      instances.add(instance);
      const ofTrack = byTrack.get(track) ?? new Map<string, Series[]>();
      push(ofTrack, instance, each);
      byTrack.set(track, ofTrack);
    }
  }
  if (query.trackOf === undefined || byPod.size > 0) return podsOf(query, pods, byPod, answered);
  return [...new Set(pods.map(({ track }) => track))].flatMap((track) =>
    backendsOf(query, track, pods, instances, byTrack.get(track) ?? new Map(), answered),
  );
}

/** Each pod as a unit. One that should be read but is dead to Prometheus is a problem: its last samples say nothing of now. */
function podsOf(
  query: Query,
  pods: readonly Pod[],
  found: ReadonlyMap<string, readonly Series[]>,
  answered: Answered,
): TargetReading[] {
  const uncounted = uncountedBy(query, pods, found);
  return pods.map(({ name, release, ready, terminating }) => {
    const own = found.get(name) ?? [];
    const problem = ready && !terminating ? staleness(oneLine(name), own, answered) : undefined;
    if (problem !== undefined) return { target: name, release, problem };
    const target = targetOf(query, { target: name, release }, own, answered.seconds);
    const missing = uncounted.get(release) ?? [];
    if (missing.length === 0 || target.problem !== undefined) return target;
    return {
      ...target,
      problem: `Prometheus has no ${oneLine(missing.join(", no "))} of any pod of release ${oneLine(release)}: a counter that it is to believe has to begin with 0.`,
    };
  });
}

/**
 * The counters of what is bad that no pod of a release has. One pod may have had no such event yet; where none has it, it may
 * as well be misspelt, or renamed in that release, and nothing says which.
 */
function uncountedBy(
  { metrics }: Query,
  pods: readonly Pod[],
  found: ReadonlyMap<string, readonly Series[]>,
): Map<string, string[]> {
  const bad = new Set(Object.values(metrics.pairs ?? {}).map((pair) => pair.bad.metric));
  return new Map(
    [...Map.groupBy(pods, ({ release }) => release)].map(([release, ofRelease]) => {
      const names = new Set(ofRelease.flatMap(({ name }) => found.get(name) ?? []).map(({ name }) => name));
      return [release, [...bad].filter((metric) => !names.has(metric))];
    }),
  );
}

/** Why the series say nothing of now, if they do not. @param what that is read, as in "backend canary" */
function staleness(what: string, series: readonly Series[], answered: Answered): string | undefined {
  const times = series.flatMap(({ at }) => at ?? []);
  if (times.length === 0) return undefined;
  const age = (answered.at - Math.max(...times)) / 1000;
  // The middle one: a scrape that failed, or one that came twice, is no interval.
  const intervals = series.flatMap(({ every }) => every ?? []).sort((a, b) => a - b);
  const interval = intervals[Math.floor(intervals.length / 2)];
  const limit =
    interval === undefined
      ? pollingDefaults.freshSeconds
      : Math.max(pollingDefaults.leastFreshSeconds, (pollingDefaults.freshIntervals * interval) / 1000);
  return age > limit ? `Prometheus reads ${what} no more: its last sample is ${Math.round(age)} s old.` : undefined;
}

/**
 * A track's units, one for each process of the gateway that counts any track: one that never had a request for this track
 * has counted nothing, which is something else than not to have been read.
 */
function backendsOf(
  query: Query,
  track: string,
  pods: readonly Pod[],
  instances: ReadonlySet<string>,
  found: ReadonlyMap<string, readonly Series[]>,
  answered: Answered,
): TargetReading[] {
  const releases = [...new Set(pods.filter((pod) => pod.track === track).map(({ release }) => release))];
  const [release = ""] = releases;
  if (releases.length > 1) {
    const problem = `Backend ${track} mixes releases ${oneLine(releases.join(" and "))}: its counters belong to neither.`;
    return [...instances].map((instance) => ({ target: `${track} by ${instance}`, release: "", problem }));
  }
  const problem = nothingOf(query, `backend ${track}`, answered.seconds);
  if (instances.size === 0) return [{ target: track, release, problem }];
  // A process of the gateway may end; where all went silent, nobody reads them.
  const stale = staleness(`backend ${track}`, [...found.values()].flat(), answered);
  return [...instances].map((instance) => {
    const target = { target: `${track} by ${instance}`, release };
    if (stale !== undefined) return { ...target, problem: stale };
    const own = found.get(instance);
    if (own !== undefined) return targetOf(query, target, own, answered.seconds);
    return { ...target, samples: [], ...(found.size === 0 && { problem }) };
  });
}

function targetOf(
  query: Query,
  target: { readonly target: string; readonly release: string },
  series: readonly Series[],
  seconds: number,
): TargetReading {
  if (series.length === 0) return { ...target, problem: nothingOf(query, oneLine(target.target), seconds) };
  const { samples, wrong } = countersOf(query.metrics, series.map(withoutScrape), {
    bare: query.trackOf !== undefined,
  });
  const twice = wrong?.endsWith(" twice") ? ": is it scraped by two jobs? Choose one with --label job=<name>" : "";
  return {
    ...target,
    ...(samples && { samples }),
    ...(wrong !== undefined && { problem: `${oneLine(target.target)} ${wrong}${twice}.` }),
  };
}

function nothingOf({ metrics, hint }: Query, what: string, seconds: number): string {
  const [requests] = seriesNames(metrics);
  return `Prometheus has no ${requests} of ${what} from the last ${seconds} s${hint ? ` (${hint})` : ""}.`;
}

function withoutScrape(series: Series): Series {
  const { instance } = series.labels;
  return {
    ...series,
    labels: Object.fromEntries(Object.entries(series.labels).filter(([name]) => !scrapeLabels.has(name))),
    // A pod that is scraped at two ports has two processes.
    ...(instance !== undefined && { process: instance }),
  };
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** As a literal part of a regular expression. */
const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const equal = (label: string, value: string) => `${label}=${JSON.stringify(value)}`;
const like = (label: string, pattern: string) => `${label}=~${JSON.stringify(pattern)}`;
const exact = (labels: Labels = {}) => Object.entries(labels).map(([label, value]) => equal(label, value));
