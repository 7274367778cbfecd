import { z } from "zod";
import { defaults } from "./defaults.ts";
import { type Kind, kindsOf, type Split } from "./kind.ts";
import { RateTest } from "./rate.ts";
import { RatioTest } from "./ratio.ts";
import { type Answers, type Arms, addAnswers, noAnswers, type Sides, sidesOf } from "./sides.ts";
import { addToStream, newStream, type Stream } from "./stream.ts";
import type { Tick } from "./tick.ts";
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

/**
 * All that was seen of a release beside the others, from the first tick on: sums, never a window, so that it can be looked
 * at as often as one likes, stored, and gone on with. Knows no clock: time comes with the ticks.
 */
export class Evidence {
  readonly question: Question;
  readonly settings: Settings;
  readonly kinds: readonly Kind[];
  readonly ratio: RatioTest;
  readonly tolerance: RateTest;
  readonly slo: RateTest;
  /** By kind, then by stream. */
  readonly streams: Map<string, Map<string, Stream>>;
  readonly answers: { readonly canary: Answers; readonly stable: Answers };
  /** Seconds that ticks lasted in all, those before canary's first request too. */
  seconds = 0;
  /** Seconds since the tick of canary's first request. */
  canarySeconds = 0;
  /** Restarts and losses of readiness of canary's pods. */
  lapses = 0;
  /** The last tick; absent before the first. */
  last: LastTick | undefined;
  /** Why there has been no tick since; not stored, because whoever goes on will find out. */
  trouble: string | undefined;
  /** The largest ln E of all looks: its reciprocal is the p-value that holds at any time. */
  peak = 0;
  /** Set at the first look that convicted; a later one cannot take it back. */
  conviction: Conviction | undefined;

  /** @param kinds what is counted. @default those of the product and the question's pairs */
  constructor(question: Question, kinds = kindsOf(question.pairs ?? [], question.perRequest ?? false)) {
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
    const sides = sidesOf(tick, this.question);
    for (const kind of this.kinds) {
      if (warmingUp && kind.excusedByWarmUp) continue;
      const streams = this.streams.get(kind.name) as Map<string, Stream>;
      for (const [name, increment] of kind.increments(sides, this.question, split)) {
        const stream = streams.get(name) ?? newStream(this.ratio);
        streams.set(name, stream);
        addToStream(this.ratio, stream, increment);
      }
    }
    this.count(sides);
    const { logWorse, conviction } = convict(this);
    this.peak = Math.max(this.peak, logWorse);
    this.conviction ??= conviction;
  }

  private count({ tick, canary, stable }: Sides): void {
    addAnswers(this.answers.canary, canary);
    addAnswers(this.answers.stable, stable);
    const canaryPods = tick.pods.filter(({ release }) => release === this.question.canary);
    this.seconds += tick.seconds;
    if (this.answers.canary.requests > 0) this.canarySeconds += tick.seconds;
    this.lapses += canaryPods.reduce((sum, pod) => sum + pod.restarts + (pod.lostReadiness ? 1 : 0), 0);
    this.last = {
      at: tick.at,
      problems: [...tick.problems],
      canaryPods: canaryPods.length,
      unready: canaryPods.filter(({ ready }) => !ready).map(({ pod }) => pod),
      canaryRead: canary.length > 0,
      stableRead: stable.length > 0,
    };
  }

  toJSON(): StoredEvidence {
    return {
      version: 1,
      question: this.question,
      streams: Object.fromEntries(
        [...this.streams].map(([kind, streams]) => [
          kind,
          Object.fromEntries([...streams].map(([name, stream]) => [name, { ...stream, known: [...stream.known] }])),
        ]),
      ),
      answers: this.answers,
      seconds: this.seconds,
      canarySeconds: this.canarySeconds,
      lapses: this.lapses,
      last: this.last,
      peak: this.peak,
      conviction: this.conviction,
    };
  }

  /**
   * Goes on with what `toJSON` gave.
   *
   * @throws Error if it is something else, or from a version that this one does not know
   */
  static resume(stored: unknown): Evidence {
    const found = storedEvidence.parse(stored);
    const evidence = new Evidence(found.question as Question);
    for (const [kind, streams] of Object.entries(found.streams)) {
      const into = evidence.streams.get(kind);
      if (!into) throw new Error(`stored evidence has streams of an unknown kind, ${kind}`);
      for (const [name, stream] of Object.entries(streams)) {
        into.set(name, { ...stream, known: Float64Array.from(stream.known) });
      }
    }
    Object.assign(evidence.answers, found.answers);
    const { seconds, canarySeconds, lapses, last, peak, conviction } = found;
    return Object.assign(evidence, { seconds, canarySeconds, lapses, last, peak, conviction });
  }
}

const count = z.object({ events: z.number(), exposure: z.number() });
const classes = ["requests", "ok", "moved", "refused", "failed"] as const;
const answers = z.record(z.enum(classes), z.number());
const lastTick = z.object({
  /** End of the tick, in milliseconds since the epoch. */
  at: z.number(),
  problems: z.array(z.string()),
  canaryPods: z.int(),
  /** Names of canary's pods that were not ready. */
  unready: z.array(z.string()),
  /** Whether counters of the arm could be read. */
  canaryRead: z.boolean(),
  stableRead: z.boolean(),
});
const storedEvidence = z.object({
  version: z.literal(1),
  question: z.object({
    canary: z.string(),
    stable: z.array(z.string()),
    first: z.boolean().optional(),
    perRequest: z.boolean().optional(),
    pairs: z.array(z.string()).optional(),
    settings: z.record(z.string(), z.number()).optional(),
  }),
  streams: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        known: z.array(z.number()).length(83),
        canary: count,
        stable: count,
        badTicks: z.int(),
        dispersion: z.object({ weighted: z.number(), events: z.number(), degrees: z.number() }),
        stablePods: z.record(z.string(), count),
      }),
    ),
  ),
  answers: z.object({ canary: answers, stable: answers }),
  seconds: z.number(),
  canarySeconds: z.number(),
  lapses: z.number(),
  last: lastTick.optional(),
  peak: z.number(),
  conviction: z.object({ at: z.number(), because: z.string() }).optional(),
});

/** What the judge needs to know of the last tick. */
export type LastTick = z.infer<typeof lastTick>;

/** Evidence as plain JSON. */
export type StoredEvidence = Omit<z.infer<typeof storedEvidence>, "question"> & { readonly question: Question };
