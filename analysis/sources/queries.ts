import type { Pod, UnitReading } from "../reading.ts";
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
  /** The label with the name of the pod that answered. @default "pod" */
  readonly podLabel?: string;
  /** What may be wrong where nothing is found. */
  readonly hint?: string;
}

type Labels = Readonly<Record<string, string>>;

/** Which service is meant, and how to tell its series from others that look alike. */
export interface QueryArgs {
  readonly namespace: string;
  readonly service: string;
  /** Further labels that all series have exactly so, as in `{ cluster: "eu-1" }`. @default none */
  readonly labels?: Labels;
}

interface Exported {
  /**
   * The gateway's labels `service` and `namespace` have become `exported_service` and `exported_namespace`, as under a
   * ServiceMonitor without honorLabels. @default false
   */
  readonly exported?: boolean;
}

/**
 * The pods' own metrics, as Prometheus reads them from each pod.
 *
 * @param args.podLabel @default "pod", as the Prometheus Operator names it
 * @param args.namespaceLabel @default "namespace"
 */
export function ownMetrics(
  args: QueryArgs & { readonly metrics?: Metrics; readonly podLabel?: string; readonly namespaceLabel?: string },
): Query {
  const { podLabel = "pod", namespaceLabel = "namespace" } = args;
  return {
    about: "the pods' own metrics",
    metrics: args.metrics ?? {},
    podLabel,
    matchers: (pods) => [
      equal(namespaceLabel, args.namespace),
      like(podLabel, pods.map(({ name }) => quoted(name)).join("|")),
      ...exact(args.labels),
    ],
  };
}

/**
 * Traefik's counters of each service, `<namespace>-<service>-<port>@<provider>`
 * (https://doc.traefik.io/traefik/observability/metrics/overview/#service-metrics; the names are made in
 * pkg/provider/kubernetes/gateway/httproute.go).
 */
export function traefik(args: QueryArgs & Exported): Query {
  const name = (track: string) => `${args.namespace}-${args.service}-${track}-(https?-)?[0-9a-z]+@kubernetes[a-z]*`;
  const label = args.exported ? "exported_service" : "service";
  return {
    about: "the counters of Traefik",
    metrics: {
      requests: "traefik_service_requests_total",
      codeLabel: "code",
      latency: "traefik_service_request_duration_seconds",
    },
    ...byBackend(label, { stable: name("stable"), canary: name("canary") }, args.labels),
    hint: "is addServicesLabels on, and has the route both backends?",
  };
}

/**
 * Envoy Gateway's counters of each cluster
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats: upstream_rq_<code> and
 * upstream_rq_time, a histogram in milliseconds).
 *
 * It puts all backends of a rule into one cluster, `httproute/<namespace>/<route>/rule/<n>`, in which the tracks cannot be
 * told apart, unless one of them has a filter: then each has its own, `.../backend/<i>`, by its place in the rule
 * (https://github.com/envoyproxy/gateway/issues/7008, https://github.com/envoyproxy/gateway/issues/6742).
 *
 * @param args.route the HTTPRoute. @default the service's name
 * @param args.clusters the cluster of each track, a regular expression. @default stable is the first backend, canary the second
 */
export function envoyGateway(
  args: QueryArgs & {
    readonly route?: string;
    readonly clusters?: { readonly stable: string; readonly canary: string };
  },
): Query {
  const backend = (index: number) =>
    `httproute/${quoted(args.namespace)}/${quoted(args.route ?? args.service)}/rule/[0-9]+/backend/${index}`;
  return {
    about: "the counters of Envoy Gateway",
    metrics: {
      requests: "envoy_cluster_upstream_rq",
      codeLabel: "envoy_response_code",
      latency: "envoy_cluster_upstream_rq_time",
      latencyUnit: "milliseconds",
    },
    ...byBackend("envoy_cluster_name", args.clusters ?? { stable: backend(0), canary: backend(1) }, args.labels),
    hint: "Envoy Gateway counts both backends of a rule as one unless one of them has a filter",
  };
}

/**
 * ingress-nginx's counters of each Service (https://kubernetes.github.io/ingress-nginx/user-guide/monitoring). What a canary
 * Ingress sends away is counted under the first Service, with the canary's `<namespace>-<service>-<port>` in the label
 * `canary` (https://github.com/kubernetes/ingress-nginx/pull/7696).
 */
export function ingressNginx(args: QueryArgs & Exported): Query {
  const prefix = args.exported ? "exported_" : "";
  const stable = `${args.service}-stable`;
  const canary = new RegExp(`^${args.namespace}-${args.service}-canary-[0-9a-z-]+$`);
  return {
    about: "the counters of ingress-nginx",
    metrics: {
      requests: "nginx_ingress_controller_requests",
      codeLabel: "status",
      latency: "nginx_ingress_controller_request_duration_seconds",
    },
    matchers: () => [
      equal(`${prefix}namespace`, args.namespace),
      like(`${prefix}service`, `${stable}|${args.service}-canary`),
      ...exact(args.labels),
    ],
    trackOf: (labels) => {
      const service = labels[`${prefix}service`];
      if (service === `${args.service}-canary` || canary.test(labels.canary ?? "")) return "canary";
      return service === stable && !labels.canary ? "stable" : undefined;
    },
    hint: `has ingress-nginx the backends ${stable} and ${args.service}-canary?`,
  };
}

/**
 * Istio's standard metrics, by destination workload, which is the track's Deployment
 * (https://istio.io/latest/docs/reference/config/metrics/). Code 0 is a request that got no answer.
 *
 * @param args.reporter who counts: the sidecar of the pod that answers, of the one that asks, or a waypoint. @default "destination"
 */
export function istio(args: QueryArgs & { readonly reporter?: "destination" | "source" | "waypoint" }): Query {
  const { matchers, trackOf } = byBackend(
    "destination_workload",
    { stable: quoted(`${args.service}-stable`), canary: quoted(`${args.service}-canary`) },
    {
      reporter: args.reporter ?? "destination",
      destination_workload_namespace: args.namespace,
      ...args.labels,
    },
  );
  return {
    about: "the counters of Istio",
    metrics: {
      requests: "istio_requests_total",
      codeLabel: "response_code",
      latency: "istio_request_duration_milliseconds",
      latencyUnit: "milliseconds",
    },
    matchers,
    trackOf,
    hint: `is telemetry on for reporter ${args.reporter ?? "destination"}?`,
  };
}

/** Tracks by a label that names the backend, a regular expression each. */
function byBackend(
  label: string,
  tracks: { readonly stable: string; readonly canary: string },
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

/**
 * The units of an answer. A series that names a listed pod belongs to it; others to the track whose backend they name, as
 * each process of the gateway counts it, and so to the release that all pods of the track run.
 *
 * @param seconds how old a sample may be, for the sentences
 */
export function unitsOf(query: Query, series: readonly Series[], pods: readonly Pod[], seconds: number): UnitReading[] {
  const byPod = new Map<string, Series[]>();
  const byTrack = new Map<string, Map<string, Series[]>>();
  const instances = new Set<string>();
  const names = new Set(pods.map(({ name }) => name));
  for (const each of series) {
    const pod = each.labels[query.podLabel ?? "pod"];
    const track = query.trackOf?.(each.labels);
    if (pod !== undefined && names.has(pod)) push(byPod, pod, each);
    else if (track !== undefined) {
      const instance = each.labels.instance ?? "the gateway";
      instances.add(instance);
      const ofTrack = byTrack.get(track) ?? new Map<string, Series[]>();
      push(ofTrack, instance, each);
      byTrack.set(track, ofTrack);
    }
  }
  if (query.trackOf === undefined || byPod.size > 0) {
    return pods.map(({ name, release }) => unitOf(query, { unit: name, release }, byPod.get(name) ?? [], seconds));
  }
  return [...new Set(pods.map(({ track }) => track))].flatMap((track) =>
    backendsOf(query, track, pods, instances, byTrack.get(track) ?? new Map(), seconds),
  );
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
  seconds: number,
): UnitReading[] {
  const releases = [...new Set(pods.filter((pod) => pod.track === track).map(({ release }) => release))];
  const [release = ""] = releases;
  if (releases.length > 1) {
    const problem = `Backend ${track} mixes releases ${releases.join(" and ")}: its counters belong to neither.`;
    return [...instances].map((instance) => ({ unit: `${track} by ${instance}`, release: "", problem }));
  }
  const problem = `Prometheus has no ${query.metrics.requests} of backend ${track} from the last ${seconds} s${query.hint ? ` (${query.hint})` : ""}.`;
  if (instances.size === 0) return [{ unit: track, release, problem }];
  return [...instances].map((instance) => {
    const unit = { unit: `${track} by ${instance}`, release };
    const own = found.get(instance);
    if (own !== undefined) return unitOf(query, unit, own, seconds);
    return { ...unit, samples: [], ...(found.size === 0 && { problem }) };
  });
}

function unitOf(
  { metrics, hint, trackOf }: Query,
  unit: { readonly unit: string; readonly release: string },
  series: readonly Series[],
  seconds: number,
): UnitReading {
  if (series.length === 0) {
    const requests = seriesNames(metrics)[0];
    const problem = `Prometheus has no ${requests} of ${unit.unit} from the last ${seconds} s${hint ? ` (${hint})` : ""}.`;
    return { ...unit, problem };
  }
  const { samples, wrong } = countersOf(metrics, series.map(withoutScrape), { bare: trackOf !== undefined });
  const twice = wrong?.endsWith(" twice") ? ": is it scraped by two jobs? Choose one by a label" : "";
  return {
    ...unit,
    ...(samples && { samples }),
    ...(wrong !== undefined && { problem: `${unit.unit} ${wrong}${twice}.` }),
  };
}

function withoutScrape(series: Series): Series {
  return {
    ...series,
    labels: Object.fromEntries(Object.entries(series.labels).filter(([name]) => !scrapeLabels.has(name))),
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
