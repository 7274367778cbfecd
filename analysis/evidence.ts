/** The evidence on a release: the accumulated counts of both arms, with their stored form. */
import * as v from "valibot";
import { type Answers, type ArmCounts, type Arms, addAnswers, armCountsOf, noAnswers } from "./arms.ts";
import { defaults, pollingDefaults } from "./defaults.ts";
import { fromVersion2 } from "./evidence-version-2.ts";
import { type Indicator, indicatorsOf, podFailuresOf, type Split } from "./indicator.ts";
import { RateTest } from "./rate.ts";
import { likelihoodLength, RatioTest } from "./ratio.ts";
import {
  addToStream,
  compare,
  forgetWaiting,
  type Increment,
  newStream,
  nothing,
  podRoom,
  type Stream,
} from "./stream.ts";
import type { PodTick, Tick } from "./tick.ts";
import { type Conviction, convict } from "./verdict.ts";

/** Thresholds of a verdict; each field defaults to the one of the same name in analysis/defaults.ts. */
export type Settings = { readonly [name in keyof typeof defaults]: number };

/** The subject of an observation: the releases to compare, and the thresholds. It does not change during the observation. */
export interface Question extends Arms {
  /** Whether this is the first release of the service. If so, canary's own rates decide the verdict. @default false */
  readonly first?: boolean;
  /** Whether each request is routed by weight alone, so that missing answers can be counted. @default false */
  readonly perRequest?: boolean;
  /** Names of the pairs of counters that the user defined. @default none */
  readonly pairs?: readonly string[];
  /** Thresholds that differ from the defaults. @default those of analysis/defaults.ts */
  readonly settings?: Partial<Settings>;
}

/** Maximum number of streams of an indicator: enough for two releases whose histograms have no edge in common. */
const streamsAtMost = 2 * pollingDefaults.edgesAtMost;
/** Maximum number of problems of the last tick that are stored with the evidence. */
const storedProblemsAtMost = 20;
/** Seconds for which a comparison waits for a pod that cannot be read. */
const waitSeconds = 60;

/**
 * All counts of canary and stable since the first tick. They are sums over the whole observation, not over a window, so the
 * evidence can be judged at any time, stored and resumed. It has no clock: time comes with the ticks.
 *
 * @example
 * const evidence = new Evidence({ canary: "b2c3d4e5f6a7", stable: ["a1b2c3d4e5f6"] });
 * evidence.observe(tick);
 * judge(evidence, tick.at).verdict; // "good", "bad" or "undecided"
 */
export class Evidence {
  readonly question: Question;
  readonly settings: Settings;
  readonly indicators: readonly Indicator[];
  readonly ratio: RatioTest;
  readonly tolerance: RateTest;
  readonly slo: RateTest;
  /** Streams by the names of their indicator and their own. */
  readonly streams: Map<string, Map<string, Stream>>;
  readonly answers: { readonly canary: Answers; readonly stable: Answers };
  /** Total length of all ticks in seconds, including those before canary's first request. */
  seconds = 0;
  /** Beginning of the tick of canary's first request, in milliseconds since the epoch. */
  begun: number | undefined;
  /** Seconds from there to the end of the tick of canary's last request. */
  canarySeconds = 0;
  /** End of the last tick in which counters of canary were read, in milliseconds since the epoch. */
  lastRead: number | undefined;
  /** When each target of either arm was read last, in milliseconds since the epoch. */
  readonly heard = new Map<string, number>();
  /** Restarts and losses of readiness of canary's pods, and pods that vanished. */
  podFailures = 0;
  /** Canary's 5xx, and the ticks with 5xx, up to the last tick with a stable arm. Later ones are judged by the rate alone. */
  compared = { ...nothing(), badTicks: 0 };
  /** The last tick; absent before the first. */
  last: LastTick | undefined;
  /** Why there has been no tick since the last one. Not stored: a resumed observation finds it out again. */
  trouble: string | undefined;
  /** The largest ln E at any tick. 1/E is a p-value that is valid at any time. */
  peak = 0;
  /** The first conviction, which later ticks cannot revoke. */
  conviction: Conviction | undefined;

  /** @param indicators what is counted. @default the built-in indicators and the question's pairs */
  constructor(question: Question, indicators = indicatorsOf(question.pairs ?? [], question.perRequest ?? false)) {
    this.question = question;
    this.settings = { ...defaults, ...question.settings };
    this.indicators = indicators;
    this.ratio = new RatioTest(this.settings);
    this.tolerance = new RateTest(this.settings.tolerance);
    this.slo = new RateTest(this.settings.slo);
    this.streams = new Map(this.indicators.map(({ name }) => [name, new Map()]));
    this.answers = { canary: noAnswers(), stable: noAnswers() };
  }

  /** Whether there is a stable arm to compare canary with. */
  get compares(): boolean {
    return this.question.stable.length > 0;
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
    const problems = [...tick.problems];
    const additions: [stream: Stream, increment: Increment][] = [];
    for (const indicator of this.indicators) {
      const streams = this.streams.get(indicator.name) as Map<string, Stream>;
      const increments = indicator.increments(armCounts, this.question, split);
      const names = new Set([...streams.keys(), ...increments.keys()]);
      if (names.size > streamsAtMost) {
        problems.push(
          `Latency came with ${names.size} different edges, and at most ${streamsAtMost} are compared: the rest are left out.`,
        );
      }
      const alphaShare = streams.size === 0 ? indicator.alphaShare / Math.min(increments.size, streamsAtMost) : 0;
      for (const [name, increment] of increments) {
        const stream = streams.get(name) ?? newStream(this.ratio, alphaShare);
        if (!streams.has(name) && streams.size >= streamsAtMost) continue;
        // An excused stream is created all the same: without data it blocks a good verdict.
        streams.set(name, stream);
        if (!(warmingUp && indicator.excusedByWarmUp)) additions.push([stream, increment]);
      }
    }
    const room = podRoom([...this.allStreams()]);
    for (const [stream, increment] of additions) addToStream(stream, increment, room(stream));
    this.compareArms(tick, armCounts);
    this.count(armCounts, problems);
    const { logWorse, conviction } = convict(this);
    this.peak = Math.max(this.peak, logWorse);
    this.conviction ??= conviction;
  }

  /**
   * Compares counts of both arms from the same time. While a ready pod that was read recently cannot be read, the comparison
   * waits, because the pod's next increment covers the gap. After `waitSeconds` the waiting counts are not compared, and
   * neither is that increment.
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
    for (const stream of this.allStreams()) {
      if (caughtUp) forgetWaiting(stream);
      else if (!late) compare(this.ratio, stream);
    }
  }

  private *allStreams(): Generator<Stream> {
    for (const streams of this.streams.values()) yield* streams.values();
  }

  private count({ tick, canary, stable }: ArmCounts, problems: readonly string[]): void {
    addAnswers(this.answers.canary, canary);
    addAnswers(this.answers.stable, stable);
    const canaryPods = tick.pods.filter(({ release }) => release === this.question.canary);
    this.seconds += tick.seconds;
    if (canary.some(({ requests }) => requests > 0)) {
      this.begun ??= tick.at - tick.seconds * 1000;
      this.canarySeconds = (tick.at - this.begun) / 1000;
    }
    if (canary.length > 0) this.lastRead = tick.at;
    const failures = this.streams.get("5xx")?.get("5xx");
    const isLeft = ({ release, vanished }: PodTick) => !vanished && this.question.stable.includes(release);
    const stableLeft = stable.length > 0 || tick.pods.some(isLeft);
    if (stableLeft && failures) this.compared = failuresOf(failures);
    this.podFailures += canaryPods.reduce((sum, pod) => sum + podFailuresOf(pod), 0);
    this.last = {
      at: tick.at,
      problems: [...problems],
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
          Object.fromEntries([...streams].map(([name, stream]) => [name, { ...stream, known: [...stream.known] }])),
        ]),
      ),
      answers: this.answers,
      seconds: this.seconds,
      begun: this.begun,
      canarySeconds: this.canarySeconds,
      lastRead: this.lastRead,
      heard: Object.fromEntries(this.heard),
      podFailures: this.podFailures,
      compared: this.compared,
      last: this.last && { ...this.last, problems: this.last.problems.slice(0, storedProblemsAtMost) },
      peak: this.peak,
      conviction: this.conviction,
    };
  }

  /**
   * Restores evidence from the result of `toJSON`.
   *
   * @throws Error if the value is not stored evidence of version 2 or 3
   */
  static resume(stored: unknown): Evidence {
    const found = v.parse(storedEvidence, fromVersion2(stored));
    const evidence = new Evidence(found.question as Question);
    for (const [kind, streams] of Object.entries(found.streams)) {
      const into = evidence.streams.get(kind);
      if (!into) throw new Error(`stored evidence has streams of an unknown indicator, ${kind}`);
      for (const [name, stream] of Object.entries(streams)) {
        into.set(name, { ...stream, known: Float64Array.from(stream.known) });
      }
    }
    Object.assign(evidence.answers, found.answers);
    for (const [target, at] of Object.entries(found.heard)) evidence.heard.set(target, at);
    const { seconds, begun, canarySeconds, lastRead, podFailures, last, peak, conviction } = found;
    const failures = found.streams["5xx"]?.["5xx"];
    // Evidence that was stored without this field: all failures so far count as compared.
    const before = failures ? failuresOf(failures) : evidence.compared;
    const { compared = before } = found;
    return Object.assign(evidence, {
      seconds,
      begun,
      canarySeconds,
      lastRead,
      podFailures,
      compared,
      last,
      peak,
      conviction,
    });
  }
}

/** Canary's failures so far, and the ticks in which they occurred. */
function failuresOf({ canary, badTicks }: Pick<Stream, "canary" | "badTicks">): Evidence["compared"] {
  return { ...canary, badTicks };
}

const number = v.pipe(v.number(), v.finite());
const whole = v.pipe(v.number(), v.safeInteger());
const count = v.object({ events: number, exposure: number });
const answers = v.object(v.entriesFromList(["requests", "ok", "moved", "refused", "failed"], number));
const lastTick = v.object({
  /** End of the tick, in milliseconds since the epoch. */
  at: number,
  problems: v.array(v.string()),
  canaryPods: whole,
  /** Names of canary's pods that were not ready. */
  unready: v.array(v.string()),
  /** Whether counters of the arm could be read. */
  canaryRead: v.boolean(),
  stableRead: v.boolean(),
  /** Whether a pod of a stable release is left, even if it is not ready or cannot be read. */
  stableLeft: v.optional(v.boolean(), true),
});
const stream = v.object({
  alphaShare: number,
  waiting: v.object({ canary: count, stable: count }),
  known: v.pipe(v.array(number), v.length(likelihoodLength)),
  canary: count,
  stable: count,
  badTicks: whole,
  dispersion: v.object({ weighted: number, events: number, degrees: number }),
  stablePods: v.record(v.string(), count),
});
const storedEvidence = v.object({
  version: v.literal(3),
  question: v.object({
    canary: v.string(),
    stable: v.array(v.string()),
    first: v.optional(v.boolean()),
    perRequest: v.optional(v.boolean()),
    pairs: v.optional(v.array(v.string())),
    settings: v.optional(v.record(v.string(), number)),
  }),
  streams: v.record(v.string(), v.record(v.string(), stream)),
  answers: v.object({ canary: answers, stable: answers }),
  seconds: number,
  begun: v.optional(number),
  canarySeconds: number,
  lastRead: v.optional(number),
  heard: v.record(v.string(), number),
  podFailures: number,
  compared: v.optional(v.object({ ...count.entries, badTicks: whole })),
  last: v.optional(lastTick),
  peak: number,
  conviction: v.optional(v.object({ at: number, reason: v.string() })),
});

/** Facts about the last tick that a verdict needs. */
export type LastTick = v.InferOutput<typeof lastTick>;

/** Evidence as plain JSON. */
export type StoredEvidence = Omit<v.InferOutput<typeof storedEvidence>, "question"> & { readonly question: Question };
