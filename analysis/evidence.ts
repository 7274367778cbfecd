/** The evidence on a release: the accumulated counts of both arms. */
import { type Answers, type ArmCounts, addAnswers, armCountsOf, noAnswers } from "./arms.ts";
import { healthAfter, type StableHealth } from "./broken-stable.ts";
import { type Conviction, convict } from "./conviction.ts";
import { nothing } from "./count.ts";
import { defaults } from "./defaults.ts";
import { type EvidenceState, objectiveOf } from "./evidence-state.ts";
import { type Excess, excessAfter } from "./excess.ts";
import type { Increment } from "./increment.ts";
import type { Indicator, Split } from "./indicator.ts";
import { indicatorsOf } from "./indicators/built-in.ts";
import { podFailuresOf } from "./indicators/stability.ts";
import { problemsOf } from "./problems.ts";
import type { Question, Settings } from "./question.ts";
import { RateTest } from "./rate.ts";
import { RatioTest } from "./ratio.ts";
import { addRoutine } from "./routine.ts";
import { type LastTick, parseStored, type StoredEvidence } from "./stored-evidence.ts";
import { streamOf, streamToJson } from "./stored-stream.ts";
import { addToStream, compare, forgetWaiting, newStream, podRoom, type Stream } from "./stream.ts";
import type { PodTick, Tick } from "./tick.ts";
import { type Unit, unitOf } from "./unit.ts";

/** Maximum number of problems of the last tick that are stored with the evidence. */
const storedProblemsAtMost = 20;
/** Seconds for which a comparison waits for a pod that cannot be read. */
const waitSeconds = 60;

/**
 * All counts of canary and stable since the first tick. They are sums over the whole observation, not over a window, so the
 * evidence can be judged at any time, stored and resumed. It has no clock: time comes with the ticks.
 *
 * @example
 * const evidence = new Evidence({ canary: "2.0", stable: ["1.9"] });
 * const backend = (release: string, failed: number): TargetTick => ({
 *   target: `backend of ${release}`,
 *   release,
 *   pod: false,
 *   requests: { "200": 1000 - failed, "500": failed },
 *   pairs: {},
 * });
 * for (const at of [60_000, 120_000, 180_000]) {
 *   evidence.observe({ at, seconds: 60, targets: [backend("2.0", 50), backend("1.9", 1)], pods: [], problems: [] });
 * }
 * judge(evidence, 180_000).verdict; // "bad"
 */
export class Evidence implements EvidenceState {
  readonly question: Question;
  readonly settings: Settings;
  readonly indicators: readonly Indicator[];
  readonly ratio: RatioTest;
  readonly tolerance: RateTest;
  readonly slo: RateTest;
  readonly streams: Map<string, Map<string, Stream>>;
  readonly answers: { readonly canary: Answers; readonly stable: Answers };
  /** Total length of all ticks in seconds, including those before canary's first request. */
  seconds = 0;
  /** Beginning of the tick of canary's first request, in milliseconds since the epoch. */
  begun: number | undefined;
  canarySeconds = 0;
  /** How many of canary's requests may be routine, by their source (analysis/routine.ts). */
  routine: readonly number[] = [];
  /** By how much the bad events of each pair exceed its total (analysis/excess.ts). */
  excess: Excess = {};
  /** End of the last tick in which counters of canary were read, in milliseconds since the epoch. */
  lastRead: number | undefined;
  /** When each target of either arm was read last, in milliseconds since the epoch. */
  readonly heard = new Map<string, number>();
  /** Restarts and losses of readiness of canary's pods, and pods that vanished. */
  podFailures = 0;
  compared = { ...nothing(), badTicks: 0 };
  last: LastTick | undefined;
  /** The health of stable as of the last tick; absent before the first. */
  health: StableHealth | undefined;
  /** Why there has been no tick since the last one. Not stored: a resumed observation finds it out again. */
  trouble: string | undefined;
  /** The largest ln E at any tick. 1/E is a p-value that is valid at any time. */
  peak = 0;
  /** The first conviction, which later ticks cannot revoke. */
  conviction: Conviction | undefined;

  /** @param indicators what is counted. @default the built-in indicators and the question's pairs */
  constructor(
    question: Question,
    indicators = indicatorsOf(question.pairs ?? [], question.perRequest ?? false, question.items),
  ) {
    this.question = question;
    this.settings = { ...defaults, ...question.settings };
    this.indicators = indicators;
    this.ratio = new RatioTest(this.settings);
    this.tolerance = new RateTest(this.settings.tolerance);
    this.slo = new RateTest(this.settings.slo);
    this.streams = new Map(this.indicators.map(({ name }) => [name, new Map()]));
    this.answers = { canary: noAnswers(), stable: noAnswers() };
  }

  get unit(): Unit {
    return unitOf(this.question);
  }

  get compares(): boolean {
    return this.question.stable.length > 0;
  }

  /** Whether the failures of one client reach one pod or arm: not where each request is routed by itself. */
  private bunches({ ofPods }: Indicator): boolean {
    return this.question.perRequest !== true && !ofPods;
  }

  /** Whether canary is still warming up, when slow answers are ignored. */
  get warmingUp(): boolean {
    return this.canarySeconds < this.settings.warmUpSeconds;
  }

  /** Notes that a poll failed. @param trouble why, as a sentence */
  missed(trouble: string): void {
    this.trouble = trouble;
  }

  /** Adds a tick, and checks whether it convicts canary. */
  observe(tick: Tick, split: Split = {}): void {
    this.trouble = undefined;
    const warmingUp = this.warmingUp;
    const armCounts = armCountsOf(tick, this.question);
    this.excess = excessAfter(this.excess, armCounts, this.question.pairs ?? []);
    this.health = healthAfter(this.health, armCounts, this.question, this.settings);
    const problems = [...tick.problems];
    const additions: [stream: Stream, increment: Increment][] = [];
    for (const indicator of this.indicators) {
      const streams = this.streams.get(indicator.name) as Map<string, Stream>;
      const increments = indicator.increments(armCounts, this.question, split);
      const names = new Set([...streams.keys(), ...increments.keys()]);
      const { several } = indicator;
      const streamsAtMost = several?.atMost ?? 1;
      if (several && names.size > streamsAtMost) problems.push(tooMany(indicator.name, several, names.size));
      const alphaShare = streams.size === 0 ? indicator.alphaShare / Math.min(increments.size, streamsAtMost) : 0;
      for (const [name, increment] of increments) {
        const stream = streams.get(name) ?? newStream(this.ratio, alphaShare, this.bunches(indicator));
        if (!streams.has(name) && streams.size >= streamsAtMost) continue;
        // An excused stream is created all the same: without data it blocks a good verdict.
        streams.set(name, stream);
        if (!(warmingUp && indicator.excusedByWarmUp)) additions.push([stream, increment]);
      }
    }
    const room = podRoom([...this.allStreams()]);
    for (const [stream, increment] of additions) addToStream(stream, increment, tick.seconds, room(stream));
    this.compareArms(tick, armCounts);
    this.count(armCounts, problems);
    const { logWorse, conviction } = convict(this);
    this.peak = Math.max(this.peak, logWorse);
    this.conviction ??= conviction;
  }

  /**
   * Compares counts of both arms from the same time. While a ready pod that was read recently cannot be read, the comparison
   * waits, because the pod's next increment covers the gap. After `waitSeconds` the waiting counts are not compared, and
   * neither is that increment. While stable fails, only failures are compared: a request that fails at once is neither slow nor
   * refused, so a healthy canary would seem worse in everything else.
   */
  private compareArms(tick: Tick, { canary, stable }: ArmCounts): void {
    const patience = tick.at - waitSeconds * 1000;
    const ready = new Set(tick.pods.filter((pod) => pod.ready).map(({ pod }) => pod));
    let [late, caughtUp] = [false, false];
    for (const { target } of [...canary, ...stable]) {
      caughtUp ||= (this.heard.get(target) ?? tick.at) < patience;
      this.heard.set(target, tick.at);
    }
    for (const [target, at] of this.heard) {
      if (at === tick.at) continue;
      if (at >= patience) late ||= ready.has(target);
      else if (!ready.has(target)) this.heard.delete(target);
    }
    const isFailing = this.health?.failingSince !== undefined;
    for (const { name, hasObjective, ofPods } of this.indicators) {
      for (const stream of this.streams.get(name)?.values() ?? []) {
        if (caughtUp || (isFailing && !hasObjective && !ofPods)) forgetWaiting(stream);
        else if (!late) compare(this.ratio, stream);
      }
    }
  }

  private *allStreams(): Generator<Stream> {
    for (const streams of this.streams.values()) yield* streams.values();
  }

  private count({ tick, canary, stable }: ArmCounts, problems: readonly string[]): void {
    addAnswers(this.answers.canary, canary);
    addAnswers(this.answers.stable, stable);
    for (const { routine = [] } of canary) this.routine = addRoutine(this.routine, routine);
    const canaryPods = tick.pods.filter(({ release }) => release === this.question.canary);
    this.seconds += tick.seconds;
    if (canary.some(({ requests }) => requests > 0)) {
      this.begun ??= tick.at - tick.seconds * 1000;
      this.canarySeconds = (tick.at - this.begun) / 1000;
    }
    if (canary.length > 0) this.lastRead = tick.at;
    const isLeft = ({ release, vanished }: PodTick) => !vanished && this.question.stable.includes(release);
    const stableLeft = stable.length > 0 || tick.pods.some(isLeft);
    if (stableLeft) this.compared = failuresOf(this) ?? this.compared;
    this.podFailures += canaryPods.reduce((sum, pod) => sum + podFailuresOf(pod), 0);
    this.last = {
      at: tick.at,
      problems: [...problems],
      ...(tick.problemsOf && { canaryProblems: problemsOf(tick.problemsOf, this.question.canary) }),
      canaryPods: canaryPods.filter(({ vanished }) => !vanished).length,
      unready: canaryPods.filter(({ ready, vanished }) => !ready && !vanished).map(({ pod }) => pod),
      canaryRead: canary.length > 0,
      stableRead: stable.length > 0,
      stableLeft,
    };
  }

  /** The evidence as plain JSON, for `Evidence.resume`. */
  toJSON(): StoredEvidence {
    return {
      version: 3,
      question: { ...this.question, settings: this.settings },
      streams: Object.fromEntries(
        [...this.streams].map(([kind, streams]) => [
          kind,
          Object.fromEntries([...streams].map(([name, stream]) => [name, streamToJson(stream)])),
        ]),
      ),
      answers: this.answers,
      seconds: this.seconds,
      begun: this.begun,
      canarySeconds: this.canarySeconds,
      routine: [...this.routine],
      excess: this.excess,
      lastRead: this.lastRead,
      heard: Object.fromEntries(this.heard),
      podFailures: this.podFailures,
      compared: this.compared,
      last: this.last && {
        ...this.last,
        problems: this.last.problems.slice(0, storedProblemsAtMost),
        ...(this.last.canaryProblems && { canaryProblems: this.last.canaryProblems.slice(0, storedProblemsAtMost) }),
      },
      ...(this.health && { health: this.health }),
      peak: this.peak,
      conviction: this.conviction,
    };
  }

  /**
   * Restores evidence from the result of `toJSON`.
   *
   * @param indicators those that the evidence was created with. @default the built-in indicators and the question's pairs
   * @throws Error if the value is not stored evidence of version 2 or 3, or has another indicator
   */
  static resume(stored: unknown, indicators?: readonly Indicator[]): Evidence {
    const found = parseStored(stored);
    const evidence = new Evidence(found.question, indicators);
    for (const [kind, streams] of Object.entries(found.streams)) {
      const into = evidence.streams.get(kind);
      if (!into) throw new Error(`stored evidence has streams of an unknown indicator, ${kind}`);
      for (const [name, stream] of Object.entries(streams)) {
        into.set(name, streamOf(stream));
      }
    }
    Object.assign(evidence.answers, found.answers);
    for (const [target, at] of Object.entries(found.heard)) evidence.heard.set(target, at);
    const { seconds, begun, canarySeconds, routine, excess, lastRead, podFailures, last, health, peak, conviction } =
      found;
    // Evidence that was stored without this field: all failures so far count as compared.
    const { compared = failuresOf(evidence) ?? evidence.compared } = found;
    return Object.assign(evidence, {
      seconds,
      begun,
      canarySeconds,
      routine,
      excess,
      lastRead,
      podFailures,
      compared,
      last,
      health,
      peak,
      conviction,
    });
  }
}

/** Canary's failures so far, and the ticks in which they occurred; undefined before the first tick. */
function failuresOf(evidence: Evidence): Evidence["compared"] | undefined {
  const stream = objectiveOf(evidence)?.stream;
  return stream && { ...stream.canary, badTicks: stream.badTicks };
}

/** The problem of an indicator with too many streams. */
function tooMany(name: string, { of, atMost }: NonNullable<Indicator["several"]>, found: number): string {
  const start = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return `${start} came with ${found} different ${of}, and at most ${atMost} are compared: the rest are left out.`;
}
