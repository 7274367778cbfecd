/** The stored form of evidence. */
import * as v from "valibot";
import { fromVersion2 } from "./evidence-version-2.ts";
import type { Question } from "./question.ts";
import { likelihoodLength } from "./ratio.ts";

const number = v.pipe(v.number(), v.finite());
const whole = v.pipe(v.number(), v.safeInteger());
const count = v.object({ events: number, exposure: number });
const answers = v.object({
  ...v.entriesFromList(["requests", "ok", "moved", "refused", "failed"], number),
  unknown: v.optional(number, 0),
});
const lastTick = v.object({
  /** End of the tick, in milliseconds since the epoch. */
  at: number,
  problems: v.array(v.string()),
  /** Those of canary's targets. @default unknown: each may be */
  canaryProblems: v.optional(v.array(v.string())),
  canaryPods: whole,
  /** Names of canary's pods that were not ready. */
  unready: v.array(v.string()),
  /** Whether counters of the arm could be read. */
  canaryRead: v.boolean(),
  stableRead: v.boolean(),
  /** Whether a pod of a stable release is left, even if it is not ready or cannot be read. */
  stableLeft: v.optional(v.boolean(), true),
});
const health = v.object({
  at: number,
  recent: count,
  recentCanary: v.optional(count, { events: 0, exposure: 0 }),
  failingSince: v.optional(number),
  failure: v.optional(v.string()),
  canaryFailingSince: v.optional(number),
});
const logLikelihood = v.pipe(v.array(number), v.length(likelihoodLength));
const batches = v.object({ seconds: number, open: number, counts: v.array(number) });
const stream = v.object({
  alphaShare: number,
  waiting: v.object({ canary: count, stable: count }),
  known: logLikelihood,
  canary: count,
  stable: count,
  badTicks: whole,
  dispersion: v.object({ weighted: number, events: number, degrees: number }),
  stablePods: v.record(v.string(), v.object({ ...count.entries, spells: v.exactOptional(number) })),
  /** Absent in evidence that was stored before bunching was known of, and where each request is routed by itself. */
  bunching: v.optional(
    v.object({
      batches,
      spells: v.object({
        known: logLikelihood,
        batches,
        waiting: v.object({ canary: count, stable: count, seconds: number }),
        events: number,
        exposure: number,
      }),
    }),
  ),
});
const schema = v.object({
  version: v.literal(3),
  question: v.object({
    canary: v.string(),
    stable: v.array(v.string()),
    first: v.optional(v.boolean()),
    perRequest: v.optional(v.boolean()),
    pairs: v.optional(v.array(v.string())),
    items: v.optional(v.string()),
    settings: v.optional(v.record(v.string(), number)),
  }),
  streams: v.record(v.string(), v.record(v.string(), stream)),
  answers: v.object({ canary: answers, stable: answers }),
  seconds: number,
  begun: v.optional(number),
  canarySeconds: number,
  routine: v.optional(v.array(number), []),
  excess: v.optional(v.record(v.string(), v.object({ canary: number, stable: number })), {}),
  lastRead: v.optional(number),
  heard: v.record(v.string(), number),
  podFailures: number,
  compared: v.optional(v.object({ ...count.entries, badTicks: whole })),
  last: v.optional(lastTick),
  health: v.optional(health),
  peak: number,
  conviction: v.optional(v.object({ at: number, reason: v.string() })),
});

/**
 * Facts about the last tick that a verdict needs.
 *
 * @example const isReady = ({ unready }: LastTick) => unready.length === 0;
 */
export type LastTick = v.InferOutput<typeof lastTick>;

/**
 * Evidence as plain JSON.
 *
 * @example
 * ```ts
 * const stored: StoredEvidence = evidence.toJSON();
 * const resumed = Evidence.resume(JSON.parse(JSON.stringify(stored)));
 * ```
 */
export type StoredEvidence = Omit<v.InferOutput<typeof schema>, "question"> & { readonly question: Question };

/**
 * Validates stored evidence, and converts an older version.
 *
 * @throws Error if the value is not stored evidence of version 2 or 3
 * @example parseStored(evidence.toJSON()).version // 3
 */
export function parseStored(stored: unknown): StoredEvidence {
  return v.parse(schema, fromVersion2(stored)) as StoredEvidence;
}
