/** The rollout in the record: its schema, and how decisions change it. */
import * as v from "valibot";
import { oneLine } from "../border/foreign-text.ts";
import { releaseIdSchema } from "../components/release-id.ts";
import { keyed, percent, understand, wholeNumber } from "../components/schema.ts";
import { resolvedStepsSchema } from "../components/step.ts";
import { UserError } from "../components/user-error.ts";
import { growing, nameSchema, textOf, timeSchema } from "../record/bounds.ts";
import type { RolloutRecord } from "../record/record.ts";
import { byDriver, byEvidence } from "../record/verdict-merge.ts";
import type { Position } from "./next.ts";
import { behaviourOf, rollsStable } from "./stage.ts";

/** A decision on a rollout, by a person, the evidence or the driver. */
const decision = v.object({
  /** `evidence`, `gray` (the driver), or the name of a person. */
  by: nameSchema,
  reason: textOf(),
  /** When, as an RFC 3339 time. */
  at: timeSchema,
});

/** Most bytes of all fields that a newer version added. */
const addedBytes = 64 * 1024;

/**
 * An open rollout in the record: everything that a driver needs to continue it. Fields of a newer version are preserved
 * within size limits.
 */
const schema = keyed(
  growing(
    {
      /**
       * The number of its driver. Each driver that takes over has a higher number, and effects of a lower one are
       * refused.
       */
      epoch: wholeNumber(0),
      /** Id of the release that is rolled out. */
      release: releaseIdSchema,
      /** Id of stable's release when it started: the target of a rollback. */
      from: releaseIdSchema,
      /** Percent of the users that canary must get now. @default the program's weight */
      weight: v.optional(percent),
      /** Id of the release that each track must run now. */
      runs: v.object({ canary: releaseIdSchema, stable: releaseIdSchema }),
      /** Name of the person who started it. */
      by: nameSchema,
      /** When it started. */
      began: timeSchema,
      /** Its steps, with every default filled in. */
      steps: resolvedStepsSchema,
      /** Index of the current step. */
      step: wholeNumber(0),
      /** When the step was in force; absent before. */
      stepStartedAt: v.optional(timeSchema),
      /** Whether the step's checks have passed. */
      checked: v.optional(v.boolean()),
      /** The approval of the current step by a person. */
      approved: v.optional(decision),
      /** The pause, by a person or by the driver; absent while it is not paused. */
      paused: v.optional(decision),
      /** The decision that stable is broken, so that canary's own rates are enough for a good verdict. */
      stableIsBroken: v.optional(decision),
      /** Why its last driver ended while the rollout held without a pause. */
      stoppedReason: v.optional(decision),
      /** Why it is rolled back. */
      rollbackRequested: v.optional(decision),
      /** Whether stable is rolled back with all pods at once. */
      fastRollback: v.optional(v.boolean()),
      /** The effect in progress; it remains if the driver died during it. */
      effect: v.optional(v.object({ name: nameSchema, at: timeSchema })),
    },
    addedBytes,
  ),
);

/** An open rollout. */
export type Rollout = v.InferOutput<typeof schema>;
/** A decision on a rollout, by a person, the evidence or the driver. */
export type Decision = v.InferOutput<typeof decision>;

/**
 * The open rollout; undefined if there is none.
 *
 * @throws UserError if it was started by a version that this one does not understand
 */
export function rolloutIn(service: string, { open }: Pick<RolloutRecord, "open">): Rollout | undefined {
  if (open === undefined) return undefined;
  try {
    return understand(schema, open);
  } catch (error) {
    throw new UserError(
      `The rollout of ${open.release} of ${service} was started by a version of gray-release that this one does not understand (${oneLine((error as Error).message)}): continue with that version.`,
    );
  }
}

/**
 * The rollout with every text truncated to its limit, so that it can be read again.
 *
 * @throws UserError if a field is not valid
 */
export function written(service: string, rollout: Rollout): Rollout {
  try {
    return understand(schema, rollout);
  } catch (error) {
    throw new UserError(
      `The rollout of ${oneLine(rollout.release)} of ${service} cannot be written (${oneLine((error as Error).message)}): check the label release of the pod templates of its Deployments.`,
    );
  }
}

/** The position of the rollout, for `next`. */
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
        ? `${rollbackRequested.by} ${whatDid(began, rollbackRequested)}: ${rollbackRequested.reason}`
        : rollbackRequested.reason,
    }),
  };
}

/**
 * What a person did who rolled back. gray undo starts a rollout with the decision to roll back; gray abort finds an open
 * rollout.
 */
function whatDid(began: string, { at }: Decision): string {
  return at === began ? "rolled it back" : "aborted it";
}

/** Whether a person decided, rather than the evidence or the driver. */
export function isPerson({ by }: Decision): boolean {
  return by !== byEvidence && by !== byDriver;
}

/**
 * Whether its step waits for approval to begin. In that case an approval is a decision on the step, however often it is
 * given, and not a verdict on the release.
 */
export function asksToBegin({ steps, step: at, stepStartedAt }: Rollout): boolean {
  const step = steps[at];
  return step?.approval === true && !rollsStable(step) && stepStartedAt === undefined;
}

/** The rollout at the beginning of its next step. */
export function inNextStep({ stepStartedAt: _, checked: __, approved: ___, ...kept }: Rollout): Rollout {
  const step = kept.step + 1;
  return { ...kept, step };
}

/**
 * The rollout without its pause. Deadlines move by the length of the pause, which may exceed any of them. A step whose
 * time is up nevertheless gets its full time again, because it would hold at once otherwise.
 */
export function resumed({ paused, stepStartedAt, ...rollout }: Rollout, now: number): Rollout {
  if (stepStartedAt === undefined) return rollout;
  // Before the step began, a pause took none of its time.
  const lasted = paused ? now - Math.max(Date.parse(paused.at), Date.parse(stepStartedAt)) : 0;
  const since = Date.parse(stepStartedAt) + lasted;
  const step = rollout.steps[rollout.step];
  const limit = step && behaviourOf(step).limit;
  const isUp = limit !== undefined && now - since >= limit * 1000;
  return { ...rollout, stepStartedAt: new Date(isUp ? now : since).toISOString() };
}

/** The rollout at its last step, approved, whatever the earlier steps came to. */
export function atLastStep({ paused: _, ...rollout }: Rollout, decision: Decision): Rollout {
  const last = rollout.steps.length - 1;
  if (rollout.step === last) return { ...rollout, approved: decision };
  const { stepStartedAt: __, checked: ___, ...others } = rollout;
  return { ...others, step: last, approved: decision };
}

/** The rollout, paused with no users on canary. They return with the step's weight when it is resumed. */
export function cutOff({ stepStartedAt, ...rollout }: Rollout, decision: Decision): Rollout {
  const isFull = rollsStable(rollout.steps[rollout.step]);
  // If stable runs the release, the step does not concern canary.
  return {
    ...rollout,
    ...(isFull && stepStartedAt !== undefined && { stepStartedAt }),
    weight: 0,
    paused: rollout.paused ?? decision,
  };
}

/** The rollout with the weight of the program. */
export function withOwnWeight({ weight: _, ...rollout }: Rollout): Rollout {
  return rollout;
}
