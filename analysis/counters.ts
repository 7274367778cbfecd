/** Turns successive readings of cumulative counters into disjoint ticks of increments. */
import { byRelease, type Problem, textsOf } from "./problems.ts";
import type { Pod, Reading, Sample, TargetReading } from "./reading.ts";
import type { PodTick, TargetTick, Tick } from "./tick.ts";

/**
 * The increments between two readings. Counters are cumulative since the start of their process.
 *
 * 1. The first reading gives no tick: its counts precede the observation.
 * 2. Increments are taken series by series. In a sum, the reset of one series would be invisible.
 * 3. If any series of a process falls, the process has restarted: the values of all its series are new, even of those that
 *    did not fall. Otherwise its errors would be missed. A target is one process unless its samples name several. In a pod
 *    only a restart of a container explains it. Without one, several processes answer at one port in turn, and a difference
 *    between two of them is no increment: the pod is treated as not read until a restart is noticed.
 * 4. A new series in a target that was read before counts from zero: a first error creates its own series.
 * 5. A pod that no earlier reading listed counts from zero, even if its first scrape comes later. But requests before a pod was
 *    first ready are only its baseline, because they are probes: users do not reach it yet. The user's pairs count all the same: a worker
 *    takes its work whether it is ready or not.
 * 6. Any other target that is read for the first time, or whose release changed, only gets its baseline.
 * 7. A target that is gone adds nothing.
 * 8. A target that could not be read, or whose samples are not counts, keeps its baseline. Its next increment covers both
 *    ticks.
 * 9. A sample that is not newer than the last one of its series adds nothing: it is late, or the same scrape again.
 * 10. Restarts are counted above the largest number reported so far. All restarts of a new pod count.
 * 11. A pod lost its readiness if it was ready, is not ready now, and is not terminating.
 * 12. A pod vanished if the previous reading listed it, this one does not, and it was not terminating: it was evicted, or
 *     deleted by force. This is not concluded after a gap that is long enough for a normal termination. It is not concluded
 *     either for a pod that was never ready or read: a pending pod is deleted at once, and no request is lost with it; nor for one
 *     that ends at once, whose normal termination may not be seen.
 * 13. A reading that is not later than the previous one is refused: no tick, no change.
 *
 * So ticks are disjoint, and their sum does not depend on the times of the polls.
 *
 * @example
 * const reading = (at: number, value: number): Reading => ({
 *   at,
 *   pods: [],
 *   targets: [{ target: "web", release: "2.0", samples: [{ id: "ok", counter: { kind: "requests", code: "200" }, value }] }],
 * });
 * const { after } = advance(nothingCounted, reading(0, 100));
 * advance(after, reading(5000, 140)).tick?.targets[0]?.requests; // { "200": 40 }
 */
export function advance(before: Counters, reading: Reading): { readonly after: Counters; readonly tick?: Tick } {
  const since = before.at;
  if (!Number.isFinite(reading.at) || (since !== undefined && reading.at <= since)) return { after: before };
  const problems: Problem[] = [];
  const targets = new Map(Object.entries(before.targets));
  const { pods, ticks, keys } = updatePods(new Map(Object.entries(before.pods)), targets, reading, since);
  dropOldSeries(pods, targets, reading.at);
  const counted: TargetTick[] = [];
  const read = new Set<string>();
  for (const target of reading.targets) {
    const key = keys.get(target.target) ?? `backend ${target.target}`;
    if (read.has(key)) {
      problems.push([
        target.release,
        `${target.target} was read twice in one poll: only the first reading is counted.`,
      ]);
      continue;
    }
    read.add(key);
    if (target.problem !== undefined) problems.push([target.release, target.problem]);
    const pod = pods.get(key);
    let known = targets.get(key);
    if (known !== undefined && known.release !== target.release) {
      if (known.release && target.release) {
        problems.push([
          "",
          `${target.target} went from release ${known.release} to ${target.release}: requests counted in between are left out.`,
        ]);
      }
      targets.delete(key);
      if (pod) pods.set(key, { ...pod, fromZero: false });
      known = undefined;
    }
    if (target.samples === undefined) continue;
    const flaw = flawOf(target.samples);
    if (flaw !== undefined) {
      problems.push([target.release, `${target.target} ${flaw}`]);
      continue;
    }
    const fall = known && pod && fallOf(known, target.samples, pod, reading.at);
    if (known && fall?.of === "processes") {
      problems.push([target.release, `${target.target} ${fell}`]);
      targets.set(key, { ...known, fellAt: fall.at });
      continue;
    }
    // The restart that explains it may be older than the observation, and what came before it too.
    const isAnew = fall?.of === "unknown";
    const { added, series } = increments(isAnew ? undefined : known, target.samples, reading.at);
    const from = known?.at ?? (pods.get(key)?.fromZero ? 0 : undefined);
    if (from !== undefined) {
      const isReached = pod === undefined || (pod.readyAt ?? Infinity) <= from;
      const counts = isAnew ? new Map() : isReached ? added : ofPairs(added);
      const seconds = known
        ? (lastOf(target.samples, reading.at) - known.at) / 1000
        : (reading.at - (since ?? 0)) / 1000;
      const routine = isReached && !isAnew && target.routine ? routineIn(target.routine, seconds) : undefined;
      const tick = targetTick(target, pod !== undefined, target.samples, counts);
      counted.push({ ...tick, ...(routine && { routine }) });
    }
    targets.set(key, { release: target.release, at: lastOf(target.samples, reading.at), series });
  }
  const after = { at: reading.at, pods: Object.fromEntries(pods), targets: Object.fromEntries(targets) };
  if (since === undefined) return { after };
  const seconds = (reading.at - since) / 1000;
  const tick = { at: reading.at, seconds, targets: counted, pods: ticks, problems: textsOf(problems) };
  return { after, tick: { ...tick, ...(problems.length > 0 && { problemsOf: byRelease(problems) }) } };
}

/**
 * The state between readings, as plain JSON.
 *
 * @example const { after }: { after: Counters } = advance(nothingCounted, reading);
 */
export interface Counters {
  /** When the latest reading was made, in milliseconds since the epoch. Absent before the first. */
  readonly at?: number;
  /** All pods that any reading listed, by `pod <uid>`. */
  readonly pods: Readonly<Record<string, KnownPod>>;
  /** Baselines, by `pod <uid>` or `backend <name>`. */
  readonly targets: Readonly<Record<string, KnownTarget>>;
}

interface KnownPod extends Pick<Pod, "name" | "release" | "track" | "ready" | "terminating"> {
  /** The largest number of restarts reported so far. */
  readonly restarts: number;
  /** When it was listed last, in milliseconds since the epoch. */
  readonly seen: number;
  /** Whether it appeared after the first reading and its baseline was never dropped. */
  readonly fromZero: boolean;
  /** When it was first listed as ready, in milliseconds since the epoch; 0 if it never was listed before. Absent if it never was ready. */
  readonly readyAt?: number | undefined;
  /** When it was first listed, in milliseconds since the epoch. */
  readonly listedAt: number;
  /** When its last restart was noticed, in milliseconds since the epoch. Absent if none was. */
  readonly restartedAt?: number | undefined;
  readonly endsAtOnce?: boolean;
}

interface KnownTarget {
  readonly release: string;
  /** When its last sample was taken, in milliseconds since the epoch. */
  readonly at: number;
  /** When a counter of it fell without a restart, in milliseconds since the epoch. Absent if none did. */
  readonly fellAt?: number;
  /** The last sample of each series, or zero if its process has restarted since. */
  readonly series: Readonly<Record<string, KnownSeries>>;
}

interface KnownSeries {
  readonly value: number;
  /** When it was taken, in milliseconds since the epoch. */
  readonly at: number;
  readonly process: string;
}

/**
 * The state before the first reading.
 *
 * @example advance(nothingCounted, { at: 0, pods: [], targets: [] }).tick; // undefined
 */
export const nothingCounted: Counters = { pods: {}, targets: {} };

/** Milliseconds after which the series of a pod that is gone are dropped. Its uid stays, so that it never counts as new. */
const keepSeriesMilliseconds = 3_600_000;

/**
 * Milliseconds between readings within which a normal termination is always seen: components/release.ts keeps a pod serving
 * for five seconds after its deletion was requested, and the kubelet needs a little longer.
 */
const shortestTerminationMilliseconds = 7500;

function updatePods(
  pods: Map<string, KnownPod>,
  targets: ReadonlyMap<string, KnownTarget>,
  { pods: listed, at }: Reading,
  since: number | undefined,
): { pods: Map<string, KnownPod>; ticks: PodTick[]; keys: Map<string, string> } {
  const ticks: PodTick[] = [];
  const keys = new Map<string, string>();
  const here = new Set<string>();
  for (const pod of listed) {
    const key = `pod ${pod.uid}`;
    if (here.has(key)) continue;
    here.add(key);
    keys.set(pod.name, key);
    const before = pods.get(key);
    const known = updatePod(pod, before, at, since === undefined);
    pods.set(key, known);
    ticks.push({
      pod: pod.name,
      release: pod.release,
      track: pod.track,
      ready: pod.ready,
      restarts: known.restarts - (before?.restarts ?? 0),
      lostReadiness: before?.ready === true && !pod.ready && !pod.terminating,
      vanished: false,
    });
  }
  if (since !== undefined && at - since <= shortestTerminationMilliseconds) {
    for (const [key, { name, release, track, seen, terminating, readyAt, endsAtOnce }] of pods) {
      const isKnown = readyAt !== undefined || targets.has(key);
      if (seen !== since || terminating || endsAtOnce || here.has(key) || !isKnown) continue;
      ticks.push({ pod: name, release, track, ready: false, restarts: 0, lostReadiness: false, vanished: true });
    }
  }
  return { pods, ticks, keys };
}

function updatePod(pod: Pod, before: KnownPod | undefined, at: number, first: boolean): KnownPod {
  const { name, release, track, ready, terminating } = pod;
  const restarts = isCount(pod.restarts) ? pod.restarts : 0;
  return {
    name,
    release,
    track,
    ready,
    terminating,
    restarts: Math.max(restarts, before?.restarts ?? 0),
    seen: at,
    fromZero: before?.fromZero ?? !first,
    readyAt: before?.readyAt ?? (ready ? (before === undefined ? 0 : at) : undefined),
    listedAt: before?.listedAt ?? at,
    restartedAt: before !== undefined && restarts > before.restarts ? at : before?.restartedAt,
    ...(pod.endsAtOnce && { endsAtOnce: true }),
  };
}

function dropOldSeries(pods: Map<string, KnownPod>, targets: Map<string, KnownTarget>, now: number): void {
  for (const [key, pod] of pods) {
    if (pod.seen >= now - keepSeriesMilliseconds) continue;
    targets.delete(key);
    pods.set(key, { ...pod, fromZero: false });
  }
}

/** Why the samples of a target cannot be counted; undefined if they can. */
function flawOf(samples: readonly Sample[]): string | undefined {
  const ids = new Set<string>();
  for (const { id, value, at } of samples) {
    if (!isCount(value)) return `gives ${value} for ${id}, which is not a count: it is treated as not read.`;
    if (at !== undefined && !Number.isFinite(at)) return `gives no time for ${id}: it is treated as not read.`;
    if (ids.has(id)) return `gives ${id} twice: it is treated as not read.`;
    ids.add(id);
  }
  return undefined;
}

/** The increments of the user's pairs alone. */
function ofPairs(added: ReadonlyMap<Sample, number>): Map<Sample, number> {
  return new Map([...added].filter(([{ counter }]) => counter.kind === "pair"));
}

/** Why a pod whose counters fell without a restart is not read. */
const fell =
  "counts less than before, and none of its containers restarted: several processes seem to answer at one port in turn, so it is not read until it restarts; let one page have the sum of all processes.";

/**
 * What a counter of a pod fell for. A restart may be noticed one reading later than the fall, and a sample of Prometheus may be older
 * than a restart that was noticed since.
 *
 * @returns several processes, with the time at which that was noticed, in milliseconds since the epoch; unknown if the previous
 *   sample is older than the first list with this pod; undefined if none fell, or a restart explains it
 */
function fallOf(
  { series, fellAt }: KnownTarget,
  samples: readonly Sample[],
  { listedAt, restartedAt = Number.NEGATIVE_INFINITY }: KnownPod,
  now: number,
): { readonly of: "processes"; readonly at: number } | { readonly of: "unknown" } | undefined {
  if (fellAt !== undefined && restartedAt <= fellAt) return { of: "processes", at: fellAt };
  const known = new Map(Object.entries(series));
  const fallen = samples.flatMap(({ id, value, at = now }) => {
    const before = known.get(id);
    const fell = before !== undefined && at > before.at && value < before.value;
    return fell && before.at >= restartedAt ? [before.at] : [];
  });
  if (fallen.length === 0) return undefined;
  return fallen.some((at) => at >= listedAt) ? { of: "processes", at: now } : { of: "unknown" };
}

const lastOf = (samples: readonly Sample[], now: number) =>
  samples.reduce((last, { at = now }) => Math.max(last, at), samples.length === 0 ? now : 0);

/** The increment of each sample, and the new baseline of each series. */
function increments(
  known: KnownTarget | undefined,
  samples: readonly Sample[],
  now: number,
): { added: Map<Sample, number>; series: KnownTarget["series"] } {
  const series = new Map(Object.entries(known?.series ?? {}));
  const later = samples.filter(({ id, at = now }) => at > (series.get(id)?.at ?? Number.NEGATIVE_INFINITY));
  const restarted = new Set(later.filter(({ id, value }) => value < (series.get(id)?.value ?? 0)).map(processOf));
  // Resets series that the new process does not report yet: when they appear, they count from zero.
  for (const [id, before] of series) if (restarted.has(before.process)) series.set(id, { ...before, value: 0 });
  const added = new Map<Sample, number>();
  for (const sample of later) {
    const { id, value, at = now } = sample;
    const process = processOf(sample);
    added.set(sample, value - (restarted.has(process) ? 0 : (series.get(id)?.value ?? 0)));
    series.set(id, { value, at, process });
  }
  return { added, series: Object.fromEntries(series) };
}

function routineIn(
  { perReading, perSecond }: NonNullable<TargetReading["routine"]>,
  seconds: number,
): TargetTick["routine"] {
  return [perReading, ...perSecond.map((each) => each * seconds)];
}

/** Sums the increments of a target's series by what they count. */
function targetTick(
  { target, release }: TargetReading,
  pod: boolean,
  samples: readonly Sample[],
  added: Map<Sample, number>,
): TargetTick {
  const requests = new Map<string, number>();
  const pairs = new Map<string, { bad: number; total: number }>();
  const totals = new Set<string>();
  for (const sample of samples) {
    const count = added.get(sample) ?? 0;
    const { counter } = sample;
    if (counter.kind === "requests") requests.set(counter.code, (requests.get(counter.code) ?? 0) + count);
    if (counter.kind === "pair") {
      const pair = pairs.get(counter.name) ?? { bad: 0, total: 0 };
      pairs.set(counter.name, { ...pair, [counter.of]: pair[counter.of] + count });
      if (counter.of === "total") totals.add(counter.name);
    }
  }
  const latency = latencyOf(samples, added);
  return {
    target,
    release,
    pod,
    requests: Object.fromEntries(requests),
    ...(latency && { latency }),
    pairs: Object.fromEntries([...pairs].filter(([name]) => totals.has(name))),
  };
}

/** Sums histograms at the edges that all of them share. A histogram without a `+Inf` bucket or a count is left out. */
function latencyOf(samples: readonly Sample[], added: Map<Sample, number>): TargetTick["latency"] {
  const histograms = new Map<string, Map<number, number>>();
  for (const sample of samples) {
    if (sample.counter.kind !== "within") continue;
    const histogram = histograms.get(groupOf(sample)) ?? new Map<number, number>();
    histogram.set(sample.counter.seconds, added.get(sample) ?? 0);
    histograms.set(groupOf(sample), histogram);
  }
  const whole = [...histograms.values()].filter((histogram) => histogram.has(Infinity));
  const edges = [...(whole[0]?.keys() ?? [])]
    .filter((edge) => Number.isFinite(edge) && whole.every((histogram) => histogram.has(edge)))
    .sort((a, b) => a - b);
  if (edges.length === 0) return undefined;
  const slower: [edge: number, count: number][] = edges.map((edge) => [edge, 0]);
  for (const histogram of whole) {
    // A scrape is not atomic: this keeps each count at or below the count of the next lower edge, and at least 0.
    let most = countAt(histogram, Infinity);
    for (const count of slower) {
      most = Math.min(most, Math.max(0, countAt(histogram, Infinity) - countAt(histogram, count[0])));
      count[1] += most;
    }
  }
  return { total: whole.reduce((sum, histogram) => sum + countAt(histogram, Infinity), 0), slower };
}

const countAt = (histogram: Map<number, number>, edge: number) => histogram.get(edge) ?? 0;

const groupOf = ({ group, id }: Sample) => group ?? id;

const processOf = ({ process = "" }: Sample) => process;

const isCount = (value: number) => Number.isFinite(value) && value >= 0;
