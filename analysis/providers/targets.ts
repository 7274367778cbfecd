/** Maps the series of an answer of Prometheus to the targets that they count: pods, or the backends of a track. */
import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import type { Pod, TargetReading } from "../reading.ts";
import type { Series } from "./exposition.ts";
import { countersOf, requestsIn } from "./metrics.ts";
import type { Query } from "./query.ts";

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
 *
 * @example targetsOf(ownMetrics({ namespace: "shop" }), series, pods, { at: Date.now(), seconds: 60 })
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
  return pods.map(({ name, release, ready, terminating, grpc, probes }) => {
    const own = found.get(name) ?? [];
    const problem = ready && !terminating ? staleness(oneLine(name), own, answered) : undefined;
    if (problem !== undefined) return { target: name, release, problem };
    const target = targetOf(query, { target: name, release, grpc }, own, answered.seconds);
    const missing = uncounted.get(release) ?? [];
    const isRoutine = query.trackOf === undefined && !query.metrics.without && query.metrics.requests !== false;
    const routine = isRoutine && probes && target.samples ? { perReading: 0, perSecond: probes } : undefined;
    const read = { ...target, ...(routine && { routine }) };
    if (missing.length === 0 || target.problem !== undefined) return read;
    return {
      ...read,
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
  const ofTrack = pods.filter((pod) => pod.track === track);
  const releases = [...new Set(ofTrack.map(({ release }) => release))];
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
    const grpc = ofTrack.some((pod) => pod.grpc);
    if (own !== undefined) return targetOf(query, { ...target, grpc }, own, answered.seconds);
    return { ...target, samples: [], ...(found.size === 0 && { problem }) };
  });
}

function targetOf(
  query: Query,
  {
    grpc = false,
    ...target
  }: { readonly target: string; readonly release: string; readonly grpc?: boolean | undefined },
  series: readonly Series[],
  seconds: number,
): TargetReading {
  if (series.length === 0) return { ...target, problem: nothingOf(query, oneLine(target.target), seconds) };
  const { samples, wrong } = countersOf(query.metrics, series.map(withoutScrape), { servesGrpc: grpc });
  const twice = wrong?.endsWith(" twice") ? ": is it scraped by two jobs? Select one with --label job=<name>" : "";
  return {
    ...target,
    ...(samples && { samples }),
    ...(wrong !== undefined && { problem: `${oneLine(target.target)} ${wrong}${twice}.` }),
  };
}

function nothingOf({ metrics, hint }: Query, what: string, seconds: number): string {
  return `Prometheus has no ${requestsIn(metrics)} of ${what} from the last ${seconds} s${hint ? ` (${hint})` : ""}.`;
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
