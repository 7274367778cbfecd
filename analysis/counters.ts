import type { Pod, Reading, Sample, UnitReading } from "./reading.ts";
import type { PodTick, Tick, UnitTick } from "./tick.ts";

/**
 * What happened between one reading and the next, from counters that only ever say how much there was since a process began.
 *
 * 1. The first reading gives no tick: what was counted before it happened before anybody looked.
 * 2. Increments are taken series by series, never of sums, in which a series that began anew would hide.
 * 3. A value below the former one began anew: all of it is new. The buckets of a histogram begin anew together.
 * 4. A series that is new in a unit that was read before counts from zero: the first error brings its own series.
 * 5. A pod that was in no earlier listing counts from zero, whenever it is read first: all it counted happened since.
 * 6. Any other unit that is read for the first time only gets its baseline, as does one that changed its release.
 * 7. A unit that is gone adds nothing.
 * 8. A unit that could not be read, or whose samples are no counts, keeps its baseline; its next increment covers both ticks.
 * 9. A sample that was not taken later than the last one of its series adds nothing: it is late, or the same scrape again.
 * 10. A restart is a rise of the pod's restarts above the most it ever had; those of a new pod all count.
 * 11. A pod lost its readiness if it was ready, is not, and was not asked to end.
 * 12. A reading that is not later than the former one is refused: no tick, and nothing changes.
 *
 * So ticks are disjoint, and what they say together does not depend on when somebody looked.
 */
export function advance(before: Counters, reading: Reading): { readonly after: Counters; readonly tick?: Tick } {
  const since = before.at;
  if (!Number.isFinite(reading.at) || (since !== undefined && reading.at <= since)) return { after: before };
  const problems: string[] = [];
  const { pods, ticks, keys } = lookAtPods(new Map(Object.entries(before.pods)), reading, since === undefined);
  const units = new Map(Object.entries(before.units));
  forget(pods, units, reading.at);
  const counted: UnitTick[] = [];
  const read = new Set<string>();
  for (const unit of reading.units) {
    const key = keys.get(unit.unit) ?? `backend ${unit.unit}`;
    if (read.has(key)) {
      problems.push(`${unit.unit} was read twice in one look: only the first is counted.`);
      continue;
    }
    read.add(key);
    if (unit.problem !== undefined) problems.push(unit.problem);
    const pod = pods.get(key);
    let known = units.get(key);
    if (known !== undefined && known.release !== unit.release) {
      if (known.release && unit.release) {
        problems.push(
          `${unit.unit} went from release ${known.release} to ${unit.release}: what it counted between is left out.`,
        );
      }
      units.delete(key);
      if (pod) pods.set(key, { ...pod, fromZero: false });
      known = undefined;
    }
    if (unit.samples === undefined) continue;
    const flaw = flawOf(unit.samples);
    if (flaw !== undefined) {
      problems.push(`${unit.unit} ${flaw}`);
      continue;
    }
    const fromZero = units.has(key) || pods.get(key)?.fromZero === true;
    if (fromZero) counted.push(unitTick(unit, unit.samples, increments(known, unit.samples, reading.at)));
    units.set(key, remember(known, unit, unit.samples, reading.at));
  }
  const after = { at: reading.at, pods: Object.fromEntries(pods), units: Object.fromEntries(units) };
  if (since === undefined) return { after };
  const seconds = (reading.at - since) / 1000;
  return { after, tick: { at: reading.at, seconds, units: counted, pods: ticks, problems: [...new Set(problems)] } };
}

/** What has to be kept between readings; plain JSON. */
export interface Counters {
  /** When the latest reading was made, in milliseconds since the epoch. Absent before the first. */
  readonly at?: number;
  /** All pods that were ever listed, by `pod <uid>`. */
  readonly pods: Readonly<Record<string, KnownPod>>;
  /** Baselines, by `pod <uid>` or `backend <name>`. */
  readonly units: Readonly<Record<string, KnownUnit>>;
}

interface KnownPod {
  readonly ready: boolean;
  /** The most that it ever had. */
  readonly restarts: number;
  /** When it was listed last, in milliseconds since the epoch. */
  readonly seen: number;
  /** It came after the first reading, and no baseline of it was ever dropped. */
  readonly fromZero: boolean;
}

interface KnownUnit {
  readonly release: string;
  /** The last sample taken of each series: its value, and when it was taken, in milliseconds since the epoch. */
  readonly series: Readonly<Record<string, readonly [value: number, at: number]>>;
}

/** Before the first reading. */
export const nothingCounted: Counters = { pods: {}, units: {} };

/** Milliseconds after which the series of a pod that is gone are dropped. Its uid stays, so that it can never pass for new. */
const memory = 3_600_000;

function lookAtPods(
  pods: Map<string, KnownPod>,
  { pods: listed, at }: Reading,
  first: boolean,
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
    const known = lookAtPod(pod, before, at, first);
    pods.set(key, known);
    ticks.push({
      pod: pod.name,
      release: pod.release,
      track: pod.track,
      ready: pod.ready,
      restarts: known.restarts - (before?.restarts ?? 0),
      lostReadiness: before?.ready === true && !pod.ready && !pod.ending,
    });
  }
  return { pods, ticks, keys };
}

function lookAtPod(pod: Pod, before: KnownPod | undefined, at: number, first: boolean): KnownPod {
  const restarts = isCount(pod.restarts) ? pod.restarts : 0;
  return {
    ready: pod.ready,
    restarts: Math.max(restarts, before?.restarts ?? 0),
    seen: at,
    fromZero: before?.fromZero ?? !first,
  };
}

function forget(pods: Map<string, KnownPod>, units: Map<string, KnownUnit>, now: number): void {
  for (const [key, pod] of pods) {
    if (pod.seen >= now - memory) continue;
    units.delete(key);
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

/** How much each sample adds. */
function increments(known: KnownUnit | undefined, samples: readonly Sample[], now: number): Map<Sample, number> {
  const series = new Map(Object.entries(known?.series ?? {}));
  const isLater = ({ id, at = now }: Sample) => at > (series.get(id)?.[1] ?? Number.NEGATIVE_INFINITY);
  const later = samples.filter(isLater);
  const anew = new Set(later.filter(({ id, value }) => value < (series.get(id)?.[0] ?? 0)).map(groupOf));
  const added = (sample: Sample) => sample.value - (anew.has(groupOf(sample)) ? 0 : (series.get(sample.id)?.[0] ?? 0));
  return new Map(later.map((sample) => [sample, added(sample)]));
}

function remember(
  known: KnownUnit | undefined,
  { release }: UnitReading,
  samples: readonly Sample[],
  now: number,
): KnownUnit {
  const series = new Map(Object.entries(known?.series ?? {}));
  for (const { id, value, at = now } of samples) {
    if (at > (series.get(id)?.[1] ?? Number.NEGATIVE_INFINITY)) series.set(id, [value, at]);
  }
  return { release, series: Object.fromEntries(series) };
}

/** The increments of a unit's series, put together by what they count. */
function unitTick({ unit, release }: UnitReading, samples: readonly Sample[], added: Map<Sample, number>): UnitTick {
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
    unit,
    release,
    requests: Object.fromEntries(requests),
    ...(latency && { latency }),
    pairs: Object.fromEntries([...pairs].filter(([name]) => totals.has(name))),
  };
}

/** Histograms added up at the edges that all of them have. One that does not say how many it measured is left out. */
function latencyOf(samples: readonly Sample[], added: Map<Sample, number>): UnitTick["latency"] {
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

const isCount = (value: number) => Number.isFinite(value) && value >= 0;
