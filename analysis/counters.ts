import type { Pod, Reading, Sample, TargetReading } from "./reading.ts";
import type { PodTick, TargetTick, Tick } from "./tick.ts";

/**
 * What happened between one reading and the next, from counters that only ever say how much there was since a process began.
 *
 * 1. The first reading gives no tick: what was counted before it happened before anybody looked.
 * 2. Increments are taken series by series, never of sums, in which a series that began anew would hide.
 * 3. A process whose value is below the former one began anew: all that any of its series says is new, also of those that
 *    are not below theirs, or its errors would hide. A unit is one process where its samples do not say otherwise.
 * 4. A series that is new in a unit that was read before counts from zero: the first error brings its own series.
 * 5. A pod that was in no earlier listing counts from zero, whenever it is read first: all it counted happened since.
 * 6. Any other unit that is read for the first time only gets its baseline, as does one that changed its release.
 * 7. A unit that is gone adds nothing.
 * 8. A unit that could not be read, or whose samples are no counts, keeps its baseline; its next increment covers both ticks.
 * 9. A sample that was not taken later than the last one of its series adds nothing: it is late, or the same scrape again.
 * 10. A restart is a rise of the pod's restarts above the most it ever had; those of a new pod all count.
 * 11. A pod lost its readiness if it was ready, is not, and was not asked to end.
 * 12. A pod vanished if the former reading listed it, this one does not, and it was not asked to end: evicted, or deleted by
 *     force. Not so after a gap in which a pod may have come to an orderly end that nobody saw; and not if it was never ready
 *     nor read, because one that is deleted while it is pending goes at once and takes nothing with it.
 * 13. A reading that is not later than the former one is refused: no tick, and nothing changes.
 *
 * So ticks are disjoint, and what they say together does not depend on when somebody looked.
 */
export function advance(before: Counters, reading: Reading): { readonly after: Counters; readonly tick?: Tick } {
  const since = before.at;
  if (!Number.isFinite(reading.at) || (since !== undefined && reading.at <= since)) return { after: before };
  const problems: string[] = [];
  const targets = new Map(Object.entries(before.targets));
  const { pods, ticks, keys } = lookAtPods(new Map(Object.entries(before.pods)), targets, reading, since);
  forget(pods, targets, reading.at);
  const counted: TargetTick[] = [];
  const read = new Set<string>();
  for (const target of reading.targets) {
    const key = keys.get(target.target) ?? `backend ${target.target}`;
    if (read.has(key)) {
      problems.push(`${target.target} was read twice in one look: only the first is counted.`);
      continue;
    }
    read.add(key);
    if (target.problem !== undefined) problems.push(target.problem);
    const pod = pods.get(key);
    let known = targets.get(key);
    if (known !== undefined && known.release !== target.release) {
      if (known.release && target.release) {
        problems.push(
          `${target.target} went from release ${known.release} to ${target.release}: what it counted between is left out.`,
        );
      }
      targets.delete(key);
      if (pod) pods.set(key, { ...pod, fromZero: false });
      known = undefined;
    }
    if (target.samples === undefined) continue;
    const flaw = flawOf(target.samples);
    if (flaw !== undefined) {
      problems.push(`${target.target} ${flaw}`);
      continue;
    }
    const fromZero = targets.has(key) || pods.get(key)?.fromZero === true;
    const { added, series } = increments(known, target.samples, reading.at);
    if (fromZero) counted.push(targetTick(target, pod !== undefined, target.samples, added));
    targets.set(key, { release: target.release, series });
  }
  const after = { at: reading.at, pods: Object.fromEntries(pods), targets: Object.fromEntries(targets) };
  if (since === undefined) return { after };
  const seconds = (reading.at - since) / 1000;
  return { after, tick: { at: reading.at, seconds, targets: counted, pods: ticks, problems: [...new Set(problems)] } };
}

/** What has to be kept between readings; plain JSON. */
export interface Counters {
  /** When the latest reading was made, in milliseconds since the epoch. Absent before the first. */
  readonly at?: number;
  /** All pods that were ever listed, by `pod <uid>`. */
  readonly pods: Readonly<Record<string, KnownPod>>;
  /** Baselines, by `pod <uid>` or `backend <name>`. */
  readonly targets: Readonly<Record<string, KnownTarget>>;
}

interface KnownPod extends Pick<Pod, "name" | "release" | "track" | "ready" | "terminating"> {
  /** The most that it ever had. */
  readonly restarts: number;
  /** When it was listed last, in milliseconds since the epoch. */
  readonly seen: number;
  /** It came after the first reading, and no baseline of it was ever dropped. */
  readonly fromZero: boolean;
  /** It was ready in some listing. */
  readonly served: boolean;
}

interface KnownTarget {
  readonly release: string;
  /** The last sample taken of each series, or zero if its process began anew since. */
  readonly series: Readonly<Record<string, KnownSeries>>;
}

interface KnownSeries {
  readonly value: number;
  /** When it was taken, in milliseconds since the epoch. */
  readonly at: number;
  readonly process: string;
}

/** Before the first reading. */
export const nothingCounted: Counters = { pods: {}, targets: {} };

/** Milliseconds after which the series of a pod that is gone are dropped. Its uid stays, so that it can never pass for new. */
const memory = 3_600_000;

/**
 * Milliseconds between readings in which no orderly end goes unseen: components/release.ts keeps a pod serving for five
 * seconds after it was asked to end, and the kubelet needs some more.
 */
const orderly = 7500;

function lookAtPods(
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
    const known = lookAtPod(pod, before, at, since === undefined);
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
  if (since !== undefined && at - since <= orderly) {
    for (const [key, { name, release, track, seen, terminating, served }] of pods) {
      if (seen !== since || terminating || here.has(key) || !(served || targets.has(key))) continue;
      ticks.push({ pod: name, release, track, ready: false, restarts: 0, lostReadiness: false, vanished: true });
    }
  }
  return { pods, ticks, keys };
}

function lookAtPod(pod: Pod, before: KnownPod | undefined, at: number, first: boolean): KnownPod {
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
    served: ready || before?.served === true,
  };
}

function forget(pods: Map<string, KnownPod>, targets: Map<string, KnownTarget>, now: number): void {
  for (const [key, pod] of pods) {
    if (pod.seen >= now - memory) continue;
    targets.delete(key);
    pods.set(key, { ...pod, fromZero: false });
  }
}

/** Why a unit's samples cannot be counted, if they cannot. */
function flawOf(samples: readonly Sample[]): string | undefined {
  const ids = new Set<string>();
  for (const { id, value, at } of samples) {
    if (!isCount(value)) return `gives ${value} for ${id}, which is no count: it counts as not read.`;
    if (at !== undefined && !Number.isFinite(at)) return `gives no time for ${id}: it counts as not read.`;
    if (ids.has(id)) return `gives ${id} twice: it counts as not read.`;
    ids.add(id);
  }
  return undefined;
}

/** How much each sample adds, and what is known of each series from then on. */
function increments(
  known: KnownTarget | undefined,
  samples: readonly Sample[],
  now: number,
): { added: Map<Sample, number>; series: KnownTarget["series"] } {
  const series = new Map(Object.entries(known?.series ?? {}));
  const later = samples.filter(({ id, at = now }) => at > (series.get(id)?.at ?? Number.NEGATIVE_INFINITY));
  const anew = new Set(later.filter(({ id, value }) => value < (series.get(id)?.value ?? 0)).map(processOf));
  // Also of a series that the new process does not have yet: when it comes, it counts from zero.
  for (const [id, before] of series) if (anew.has(before.process)) series.set(id, { ...before, value: 0 });
  const added = new Map<Sample, number>();
  for (const sample of later) {
    const { id, value, at = now } = sample;
    const process = processOf(sample);
    added.set(sample, value - (anew.has(process) ? 0 : (series.get(id)?.value ?? 0)));
    series.set(id, { value, at, process });
  }
  return { added, series: Object.fromEntries(series) };
}

/** The increments of a unit's series, put together by what they count. */
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

/** Histograms added up at the edges that all of them have. One that does not say how many it measured is left out. */
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
    // A scrape need not be one moment: no count may exceed that of a lower edge, or fall below nothing.
    let most = of(histogram, Infinity);
    for (const count of slower) {
      most = Math.min(most, Math.max(0, of(histogram, Infinity) - of(histogram, count[0])));
      count[1] += most;
    }
  }
  return { total: whole.reduce((sum, histogram) => sum + of(histogram, Infinity), 0), slower };
}

const of = (histogram: Map<number, number>, edge: number) => histogram.get(edge) ?? 0;

const groupOf = ({ group, id }: Sample) => group ?? id;

const processOf = ({ process = "" }: Sample) => process;

const isCount = (value: number) => Number.isFinite(value) && value >= 0;
