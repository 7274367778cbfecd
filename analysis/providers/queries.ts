/** The PromQL query of each kind of gateway and mesh, and the mapping of its series to tracks and pods. */
import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import type { Pod, TargetReading } from "../reading.ts";
import type { Clusters } from "./envoy-gateway.ts";
import type { Series } from "./exposition.ts";
import { countersOf, type Metrics, seriesNames } from "./metrics.ts";

/**
 * A query to Prometheus, and the mapping of its series to tracks. One selector asks for all series, so that they are from the
 * same moment: a target whose errors are missing would look healthy.
 */
export interface Query {
  /** The counters in words, as in "the counters of Traefik". */
  readonly about: string;
  readonly metrics: Metrics;
  /** Label matchers in PromQL, as in `namespace="dora-apps"`. */
  readonly matchers: (pods: readonly Pod[]) => readonly string[];
  /** The track of a series, or undefined if it is unknown. Absent if only pods are targets. */
  readonly trackOf?: (labels: Labels) => string | undefined;
  /** A possible cause if no series is found. */
  readonly hint?: string;
}

type Labels = Readonly<Record<string, string>>;

/** Identifies a service's series. */
export interface QueryArgs {
  readonly namespace: string;
  /** Additional labels that all series must have, as in `{ cluster: "eu-1" }`. @default none */
  readonly labels?: Labels;
}

/** Names of the tracks in a source. */
type Names = Readonly<Record<"stable" | "canary", string>>;

/** Queries the metrics that Prometheus scrapes from each pod, with the labels of the Prometheus Operator. */
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
 * Queries Traefik's counters of each service, `<namespace>-<service>-<port>@<provider>`
 * (https://doc.traefik.io/traefik/observability/metrics/overview/#service-metrics; the names come from
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
    hint: "is addServicesLabels on, is honorLabels set in its ServiceMonitor, and does the route have both backends?",
  };
}

/**
 * Queries Envoy Gateway's counters of each cluster
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats: upstream_rq_<code> and
 * upstream_rq_time, a histogram in milliseconds).
 *
 * @param args.clusters the track of each cluster (analysis/providers/envoy-gateway.ts)
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
    hint: "does Prometheus scrape the proxies of Envoy Gateway, and do their clusters have the default names?",
  };
}

/**
 * Queries ingress-nginx's counters of each Service (https://kubernetes.github.io/ingress-nginx/user-guide/monitoring). Requests
 * that a canary Ingress routes to canary are counted under stable's Service, with canary's `<namespace>-<service>-<port>` in
 * the label `canary` (https://github.com/kubernetes/ingress-nginx/pull/7696).
 *
 * @param args.backends the Service of each track
 */
export function ingressNginx(args: QueryArgs & { readonly backends: Names }): Query {
  const { stable, canary } = args.backends;
  const toCanary = new RegExp(`^${quoted(`${args.namespace}-${canary}`)}-[0-9a-z-]+$`);
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
      if (labels.service === canary || toCanary.test(labels.canary ?? "")) return "canary";
      return labels.service === stable && !labels.canary ? "stable" : undefined;
    },
    hint: `is honorLabels set in its ServiceMonitor, and does ingress-nginx have the backends ${stable} and ${canary}?`,
  };
}

/**
 * Queries Istio's standard metrics by destination workload (https://istio.io/latest/docs/reference/config/metrics/). The
 * sidecar of the answering pod reports them; the label `reporter` selects another reporter, "source" or "waypoint".
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
    hint: `is telemetry on for reporter ${labels.reporter}? Select another with --label reporter=waypoint`,
  };
}

/** Matchers and tracks by a label with the name of the backend; each track has a regular expression. */
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
 * The PromQL of a query: all samples of its series in a range, each with the time of its scrape. An instant selector would
 * give the time of the evaluation instead, so an old sample would look new.
 *
 * @param seconds length of the range
 */
export function promQl({ metrics, matchers }: Query, pods: readonly Pod[], seconds: number): string {
  const names = like("__name__", seriesNames(metrics).map(quoted).join("|"));
  return `{${[names, ...matchers(pods)].join(",")}}[${seconds}s]`;
}

/** Labels of the scrape, not of the counter: series that differ only in these are one series, scraped twice. */
const scrapeLabels = new Set(["job", "instance", "prometheus", "prometheus_replica", "__replica__"]);

/** Time and range of an answer of Prometheus. */
export interface Answered {
  /** Time of the answer, in milliseconds since the epoch, on Prometheus's clock. */
  readonly at: number;
  /** Range of the query, in seconds. */
  readonly seconds: number;
}

/**
 * The targets of an answer. A series with the name of a listed pod belongs to this pod. Any other belongs to a backend of a
 * track, as one process of the gateway counts it, and to the release of the track's pods.
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
    // On one line, because it becomes the target's name.
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

/** Each pod as a target. A ready pod that Prometheus no longer scrapes has a problem, because its last samples are old. */
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
      problem: `Prometheus has no ${oneLine(missing.join(", no "))} of any pod of release ${oneLine(release)}: check the name, and export the counter with 0 from the start.`,
    };
  });
}

/**
 * The bad counters that no pod of a release has, by release. A single pod may have had no such event yet. If all pods lack
 * the counter, its name may be misspelt, or changed in this release.
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

/** Why the series are too old to use; undefined if they are recent. @param what the target, as in "backend canary" */
function staleness(what: string, series: readonly Series[], answered: Answered): string | undefined {
  const times = series.flatMap(({ at }) => at ?? []);
  if (times.length === 0) return undefined;
  const age = (answered.at - Math.max(...times)) / 1000;
  // The median, because a failed or repeated scrape distorts single intervals.
  const intervals = series.flatMap(({ every }) => every ?? []).sort((a, b) => a - b);
  const interval = intervals[Math.floor(intervals.length / 2)];
  const limit =
    interval === undefined
      ? pollingDefaults.freshSeconds
      : Math.max(pollingDefaults.leastFreshSeconds, (pollingDefaults.freshIntervals * interval) / 1000);
  return age > limit ? `Prometheus no longer reads ${what}: its last sample is ${Math.round(age)} s old.` : undefined;
}

/**
 * The targets of a track: one for each process of the gateway that counts any track. A process that had no request for this
 * track has counted 0; it is not a process that could not be read.
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
    const problem = `Backend ${track} mixes releases ${oneLine(releases.join(" and "))}, so its counters cannot be assigned to one.`;
    return [...instances].map((instance) => ({ target: `${track} by ${instance}`, release: "", problem }));
  }
  const problem = nothingOf(query, `backend ${track}`, answered.seconds);
  if (instances.size === 0) return [{ target: track, release, problem }];
  // A single process of the gateway may end. If all series are old, Prometheus no longer scrapes the gateway.
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
  const twice = wrong?.endsWith(" twice") ? ": is it scraped by two jobs? Select one with --label job=<name>" : "";
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
    // A pod that is scraped on two ports counts as two processes.
    ...(instance !== undefined && { process: instance }),
  };
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** Escapes a text for use in a regular expression. */
const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const equal = (label: string, value: string) => `${label}=${JSON.stringify(value)}`;
const like = (label: string, pattern: string) => `${label}=~${JSON.stringify(pattern)}`;
const exact = (labels: Labels = {}) => Object.entries(labels).map(([label, value]) => equal(label, value));
