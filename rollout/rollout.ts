import * as v from "valibot";
import { oneLine } from "../border/foreign-text.ts";
import { releaseIdSchema } from "../components/release-id.ts";
import { keyed, percent, understand, wholeNumber } from "../components/schema.ts";
import { fullStepsSchema } from "../components/step.ts";
import { UserError } from "../components/user-error.ts";
import { growing, nameSchema, textOf, timeSchema } from "../record/bounds.ts";
import type { RolloutRecord } from "../record/record.ts";
import { byDriver, byEvidence } from "../record/verdict-merge.ts";
import type { Position } from "./next.ts";

/** What a person, or the evidence, said of a rollout. */
const decision = v.object({
  /** `evidence` or the name of a person. */
  by: nameSchema,
  reason: textOf(),
  /** When, as an RFC 3339 time. */
  at: timeSchema,
});

/** Bytes of all fields that a newer version added. */
const addedBytes = 64 * 1024;

/**
 * A rollout under way, as the record holds it: all that whoever drives it has to know to go on. Fields that a newer version
 * added are kept within bounds.
 */
const schema = keyed(
  growing(
    {
      /** Which driver's it is: each that takes it over has a higher number, and effects of a lower one are refused. */
      epoch: wholeNumber(0),
      /** Id of the release that is rolled out. */
      release: releaseIdSchema,
      /** Id of what stable ran when it began: what it goes back to. */
      from: releaseIdSchema,
      /** Percent of the users that canary is to have now. @default as the program says */
      weight: v.optional(percent),
      /** Id of the release that each track is to run now. */
      runs: v.object({ canary: releaseIdSchema, stable: releaseIdSchema }),
      /** Who began it. */
      by: nameSchema,
      began: timeSchema,
      steps: fullStepsSchema,
      /** Index of the present step. */
      step: wholeNumber(0),
      /** When what the step brings was in force. */
      stepStartedAt: v.optional(timeSchema),
      /** Whether the step's checks have passed. */
      checked: v.optional(v.boolean()),
      approved: v.optional(decision),
      paused: v.optional(decision),
      /** Why its last driver left it holding, where nobody had paused it. */
      stoppedReason: v.optional(decision),
      /** Why it goes back. */
      rollbackRequested: v.optional(decision),
      /** Stable goes back with all pods at once. */
      fastRollback: v.optional(v.boolean()),
      /** What its driver is doing; still there where it died over it. */
      effect: v.optional(v.object({ name: nameSchema, at: timeSchema })),
    },
    addedBytes,
  ),
);

export type Rollout = v.InferOutput<typeof schema>;
export type Decision = v.InferOutput<typeof decision>;

/**
 * The rollout under way; undefined if there is none.
 *
 * @throws Refusal if it was begun by a version that this one does not understand
 */
export function rolloutIn(service: string, { open }: RolloutRecord): Rollout | undefined {
  if (open === undefined) return undefined;
  try {
    return understand(schema, open);
  } catch (error) {
    throw new UserError(
      `The rollout of ${open.release} of ${service} was begun by a version of gray-release that this one does not understand (${oneLine((error as Error).message)}): go on with that version.`,
    );
  }
}

/**
 * A rollout as it is written: every text in its bounds.
 *
 * @throws Refusal if it could not be read again
 */
export function written(service: string, rollout: Rollout): Rollout {
  try {
    return understand(schema, rollout);
  } catch (error) {
    throw new UserError(
      `The rollout of ${oneLine(rollout.release)} of ${service} cannot be written (${oneLine((error as Error).message)}): look at the labels and annotations of the Deployments of ${service}, which name their releases.`,
    );
  }
}

/** Where it stands, for `next`. */
export function positionOf({
  began,
  steps,
  step,
  stepStartedAt,
  checked,
  approved,
  paused,
  rollbackRequested,
}: Rollout): Position {
  return {
    steps,
    step,
    ...(stepStartedAt !== undefined && { stepStartedAt }),
    ...(checked !== undefined && { checked }),
    approved: approved !== undefined,
    ...(paused && { paused: `${paused.by} paused it: ${paused.reason}` }),
    ...(rollbackRequested && {
      rollbackRequested: isPerson(rollbackRequested)
        ? `${rollbackRequested.by} ${verbFor(began, rollbackRequested)} it: ${rollbackRequested.reason}`
        : rollbackRequested.reason,
    }),
  };
}

/** What a person did who takes it back: gray undo begins with the word that ends it, and gray abort finds a rollout. */
function verbFor(began: string, { at }: Decision): string {
  return at === began ? "undid" : "aborted";
}

/** Whether a person said it, and not the evidence or the driver. */
export function isPerson({ by }: Decision): boolean {
  return by !== byEvidence && by !== byDriver;
}

/**
 * Whether its step, on the way to stable, is one that a person lets begin and has not begun: then approval is a word on the step,
 * however often it is given, and none on the release.
 */
export function asksToBegin({ steps, step: at, stepStartedAt }: Rollout): boolean {
  const step = steps[at];
  return step?.approval === true && step.stage !== "full" && stepStartedAt === undefined;
}

/** The rollout at the beginning of its next step. */
export function inNextStep({ stepStartedAt: _, checked: __, approved: ___, ...kept }: Rollout): Rollout {
  const step = kept.step + 1;
  return { ...kept, step };
}

/**
 * The rollout without a pause, by a person's word. Deadlines move by as long as the pause lasted: it may last longer than any of
 * them. A step whose time is up all the same has it once more, because it would hold at once otherwise.
 */
export function resumed({ paused, stepStartedAt, ...rollout }: Rollout, now: number): Rollout {
  if (stepStartedAt === undefined) return rollout;
  // A pause that began before the step did took none of its time until then.
  const lasted = paused ? now - Math.max(Date.parse(paused.at), Date.parse(stepStartedAt)) : 0;
  const since = Date.parse(stepStartedAt) + lasted;
  const step = rollout.steps[rollout.step];
  const isUp = step !== undefined && step.stage !== "full" && now - since >= step.atMost * 1000;
  return { ...rollout, stepStartedAt: new Date(isUp ? now : since).toISOString() };
}

/** The rollout at its last step, whatever came of those before it. */
export function atLastStep({ paused: _, ...rollout }: Rollout, decision: Decision): Rollout {
  const last = rollout.steps.length - 1;
  if (rollout.step === last) return { ...rollout, approved: decision };
  const { stepStartedAt: __, checked: ___, ...others } = rollout;
  return { ...others, step: last, approved: decision };
}

/** The rollout held without users on canary, who come back with the step's weight when it goes on. */
export function cutOff({ stepStartedAt, ...rollout }: Rollout, decision: Decision): Rollout {
  const isFull = rollout.steps[rollout.step]?.stage === "full";
  // Where stable runs the release, the step is not about canary.
  return {
    ...rollout,
    ...(isFull && stepStartedAt !== undefined && { stepStartedAt }),
    weight: 0,
    paused: rollout.paused ?? decision,
  };
}
