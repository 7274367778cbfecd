import * as v from "valibot";
import { Refusal } from "../components/refusal.ts";
import { keyed, percent, understand, wholeNumber } from "../components/schema.ts";
import { fullStepsSchema } from "../components/step.ts";
import type { Position } from "./next.ts";
import type { RolloutRecord } from "./record.ts";

const time = v.pipe(v.string(), v.isoTimestamp("must be a time, like 2026-01-31T12:00:00Z"));

/** What a person, or the evidence, said of a rollout. */
const word = v.object({
  /** `evidence` or the name of a person. */
  by: v.string(),
  because: v.string(),
  /** When, as an RFC 3339 time. */
  at: time,
});

/**
 * A rollout under way, as the record holds it: all that whoever drives it has to know to go on. Fields that a newer version
 * added are kept.
 */
const rollout = keyed(
  v.looseObject({
    /** Which driver's it is: each that takes it over has a higher number, and effects of a lower one are refused. */
    epoch: wholeNumber(0),
    /** Id of the release that is rolled out. */
    release: v.string(),
    /** Id of what stable ran when it began: what it goes back to. */
    from: v.string(),
    /** Percent of the users that canary is to have now. @default as the program says */
    weight: v.optional(percent),
    /** Id of the release that each track is to run now. */
    runs: v.object({ canary: v.string(), stable: v.string() }),
    /** Who began it. */
    by: v.string(),
    began: time,
    steps: fullStepsSchema,
    /** Index of the present step. */
    step: wholeNumber(0),
    /** When what the step brings was in force. */
    entered: v.optional(time),
    /** Whether the step's checks have passed. */
    checked: v.optional(v.boolean()),
    approved: v.optional(word),
    paused: v.optional(word),
    /** Why it goes back. */
    ending: v.optional(word),
    /** Stable goes back with all pods at once. */
    urgent: v.optional(v.boolean()),
    /** What its driver is doing; still there where it died over it. */
    effect: v.optional(v.object({ name: v.string(), at: time })),
  }),
);

export type Rollout = v.InferOutput<typeof rollout>;
export type Word = v.InferOutput<typeof word>;

/**
 * The rollout under way; undefined if there is none.
 *
 * @throws Refusal if it was begun by a version that this one does not understand
 */
export function rolloutIn(service: string, { open }: RolloutRecord): Rollout | undefined {
  if (open === undefined) return undefined;
  try {
    return understand(rollout, open);
  } catch (error) {
    throw new Refusal(
      `The rollout of ${open.release} of ${service} was begun by a version of gray-release that this one does not understand (${(error as Error).message}): go on with that version.`,
    );
  }
}

/** Where it stands, for `next`. */
export function positionOf({ steps, step, entered, checked, approved, paused, ending }: Rollout): Position {
  return {
    steps,
    step,
    ...(entered !== undefined && { entered }),
    ...(checked !== undefined && { checked }),
    approved: approved !== undefined,
    ...(paused && { paused: `${paused.by} paused it: ${paused.because}` }),
    ...(ending && { ending: ending.by === "evidence" ? ending.because : `${ending.by} aborted it: ${ending.because}` }),
  };
}

/** The rollout at the beginning of its next step. */
export function inNextStep({ entered: _, checked: __, approved: ___, ...kept }: Rollout): Rollout {
  const step = kept.step + 1;
  return { ...kept, step };
}

/** The rollout without a person's pause. Deadlines move by as long as it lasted: it may last longer than any of them. */
export function resumed({ paused, entered, ...rollout }: Rollout, now: number): Rollout {
  if (entered === undefined) return rollout;
  const lasted = paused ? now - Date.parse(paused.at) : 0;
  return { ...rollout, entered: new Date(Date.parse(entered) + lasted).toISOString() };
}

/** The rollout at its last step, whatever came of those before it. */
export function atLastStep({ entered: _, checked: __, paused: ___, ...rollout }: Rollout, word: Word): Rollout {
  return { ...rollout, step: rollout.steps.length - 1, approved: word };
}
