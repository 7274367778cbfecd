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

/** How sure a verdict has to be; each field defaults to the one of the same name in analysis/defaults.ts. */
export type Settings = { readonly [name in keyof typeof defaults]: number };

/** What an observation is about; it does not change while it lasts. */
export interface Question extends Arms {
  /** Whether there has never been another release: then canary's own rates decide. @default false */
  readonly first?: boolean;
  /** Whether the split sends each request by weight alone, so that missing answers can be told. @default false */
  readonly perRequest?: boolean;
  /** Names of the user's pairs of counters. @default none */
  readonly pairs?: readonly string[];
  /** @default those of analysis/defaults.ts */
  readonly settings?: Partial<Settings>;
}

/** Streams that a kind may have: those of two releases whose histograms have no edge in common. */
const streamsAtMost = 2 * pollingDefaults.edgesAtMost;
/** Problems of the last tick that are kept with the evidence. */
const problemsKept = 20;
/** Seconds for which a comparison waits for a pod that cannot be read. */
const waitSeconds = 60;

/**
 * All that was seen of a release beside the others, from the first tick on: sums, never a window, so that it can be looked
 * at as often as one likes, stored, and gone on with. Knows no clock: time comes with the ticks.
 */
export class Evidence {
  readonly question: Question;
  readonly settings: Settings;
  readonly kinds: readonly Indicator[];
  readonly ratio: RatioTest;
  readonly tolerance: RateTest;
  readonly slo: RateTest;
  /** By kind, then by stream. */
  readonly streams: Map<string, Map<string, Stream>>;
  readonly answers: { readonly canary: Answers; readonly stable: Answers };
  /** Seconds that ticks lasted in all, those before canary's first request too. */
  seconds = 0;
  /** Beginning of the tick of canary's first request, in milliseconds since the epoch. */
  begun: number | undefined;
  /** Seconds from there to the end of the tick of its last one. */
  canarySeconds = 0;
  /** End of the last tick in which counters of canary were read, in milliseconds since the epoch. */
  lastRead: number | undefined;
  /** When each unit of either arm was read last, in milliseconds since the epoch. */
  readonly heard = new Map<string, number>();
  /** Restarts and losses of readiness of canary's pods. */
  podFailures = 0;
  /** Canary's 5xx, and the ticks with any, when another release was last there: what came later has to hold by itself. */
  compared = { ...nothing(), badTicks: 0 };
  /** The last tick; absent before the first. */
  last: LastTick | undefined;
  /** Why there has been no tick since; not stored, because whoever goes on will find out. */
  trouble: string | undefined;
  /** The largest ln E of all looks: its reciprocal is the p-value that holds at any time. */
  peak = 0;
  /** Set at the first look that convicted; a later one cannot take it back. */
  conviction: Conviction | undefined;

  /** @param kinds what is counted. @default those of the product and the question's pairs */
  constructor(question: Question, kinds = indicatorsOf(question.pairs ?? [], question.perRequest ?? false)) {
    this.question = question;
    this.settings = { ...defaults, ...question.settings };
    this.kinds = kinds;
    this.ratio = new RatioTest(this.settings);
    this.tolerance = new RateTest(this.settings.tolerance);
    this.slo = new RateTest(this.settings.slo);
    this.streams = new Map(this.kinds.map(({ name }) => [name, new Map()]));
    this.answers = { canary: noAnswers(), stable: noAnswers() };
  }

  /** Whether there is another arm to compare canary with. */
  get compares(): boolean {
    return this.question.stable.length > 0;
  }

  /** Whether cold caches still excuse canary. */
  get warmingUp(): boolean {
    return this.canarySeconds < this.settings.warmUpSeconds;
  }

  /** Notes that nothing could be read, and why. */
  missed(trouble: string): void {
    this.trouble = trouble;
  }

  /** Adds what happened in a tick and looks at it. */
  observe(tick: Tick, split: Split = {}): void {
    this.trouble = undefined;
    const warmingUp = this.warmingUp;
    const armCounts = armCountsOf(tick, this.question);
    const problems = [...tick.problems];
    const additions: [stream: Stream, increment: Increment][] = [];
    for (const kind of this.kinds) {
      const streams = this.streams.get(kind.name) as Map<string, Stream>;
      const increments = kind.increments(armCounts, this.question, split);
      const names = new Set([...streams.keys(), ...increments.keys()]);
      if (names.size > streamsAtMost) {
        problems.push(
          `Latency came with ${names.size} different edges, and at most ${streamsAtMost} are compared: the rest are left out.`,
        );
      }
      const alphaShare = streams.size === 0 ? kind.alphaShare / Math.min(increments.size, streamsAtMost) : 0;
      for (const [name, increment] of increments) {
        const stream = streams.get(name) ?? newStream(this.ratio, alphaShare);
        if (!streams.has(name) && streams.size >= streamsAtMost) continue;
        // One that is excused begins all the same: nothing is known of it, so nothing is good yet.
        streams.set(name, stream);
        if (!(warmingUp && kind.excusedByWarmUp)) additions.push([stream, increment]);
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
   * Compares what both arms did at the same time: it waits while a pod that is ready and was read lately cannot be read,
   * because its next increment brings what it missed. What waits too long is given up, and so is that increment.
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
      last: this.last && { ...this.last, problems: this.last.problems.slice(0, problemsKept) },
      peak: this.peak,
      conviction: this.conviction,
    };
  }

  /**
   * Goes on with what `toJSON` gave.
   *
   * @throws Error if it is something else, or has a version other than 2 and 3
   */
  static resume(stored: unknown): Evidence {
    const found = v.parse(storedEvidence, fromVersion2(stored));
    const evidence = new Evidence(found.question as Question);
    for (const [kind, streams] of Object.entries(found.streams)) {
      const into = evidence.streams.get(kind);
      if (!into) throw new Error(`stored evidence has streams of an unknown kind, ${kind}`);
      for (const [name, stream] of Object.entries(streams)) {
        into.set(name, { ...stream, known: Float64Array.from(stream.known) });
      }
    }
    Object.assign(evidence.answers, found.answers);
    for (const [target, at] of Object.entries(found.heard)) evidence.heard.set(target, at);
    const { seconds, begun, canarySeconds, lastRead, podFailures, last, peak, conviction } = found;
    const failures = found.streams["5xx"]?.["5xx"];
    // Stored before that was noted: nothing of it is held against canary by itself.
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

/** What a stream of failures holds against canary by now. */
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
  /** Whether a pod of another release is left, be it that it cannot be read, or is not ready. */
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

/** What the judge needs to know of the last tick. */
export type LastTick = v.InferOutput<typeof lastTick>;

/** Evidence as plain JSON. */
export type StoredEvidence = Omit<v.InferOutput<typeof storedEvidence>, "question"> & { readonly question: Question };
