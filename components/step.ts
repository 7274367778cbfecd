import * as v from "valibot";
import { defaults } from "./defaults.ts";
import { checked, type Fault, percent, wholeNumber } from "./schema.ts";

/** Where a release stands on its way to the users: no user meets it, a few do, all do. */
export type Stage = "dark" | "canary" | "full";

/** One row of the rollout plan: who meets the release, what has to hold there, how long at most. */
export type Step = DarkStep | CanaryStep | FullStep;

interface AnyStep {
  /** Whether a person has to approve before it begins. @default false */
  readonly approval?: boolean;
}

/** The release runs in production, and no user meets it. */
export interface DarkStep extends AnyStep {
  readonly stage: "dark";
  /** Names of the checks that have to pass. @default all of the plan */
  readonly checks?: readonly string[];
  /** Seconds for which failed checks are tried again, before the rollout holds. @default 60 */
  readonly atMost?: number;
}

/** Some users meet the release, until the evidence on it is good. */
export interface CanaryStep extends AnyStep {
  readonly stage: "canary";
  /** Percent of the users; more than in the step before. */
  readonly weight: number;
  /** Names of the checks that have to pass first. @default none */
  readonly checks?: readonly string[];
  /** Seconds that it lasts at least, however soon the verdict is good. @default 0 */
  readonly atLeast?: number;
  /** Seconds after which an undecided rollout holds and asks. @default 900 */
  readonly atMost?: number;
}

/** All users meet the release: stable rolls to it, and is watched for a while. */
export interface FullStep extends AnyStep {
  readonly stage: "full";
  /** Seconds that it is watched once stable runs it completely. @default 300 */
  readonly watch?: number;
}

const seconds = wholeNumber(0, 7 * 24 * 3600);
/** Characters of a check's name: GET and the longest path. */
const nameLimit = 2100;
const names = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(nameLimit, `must be at most ${nameLimit} characters`))),
  v.check((all) => new Set(all).size === all.length, "must not name a check twice"),
);
const shapes = {
  dark: { stage: v.literal("dark"), approval: v.boolean(), checks: names, atMost: seconds },
  canary: {
    stage: v.literal("canary"),
    approval: v.boolean(),
    weight: percent,
    checks: names,
    atLeast: seconds,
    atMost: seconds,
  },
  full: { stage: v.literal("full"), approval: v.boolean(), watch: seconds },
} as const;
const unknownStage = "must be dark, canary or full";

/** Steps as they are declared. Messages go on from "<argument> is <value>: ". */
export const stepsSchema = v.pipe(
  v.array(
    v.variant(
      "stage",
      [
        v.partial(v.strictObject(shapes.dark), ["approval", "checks", "atMost"]),
        v.partial(v.strictObject(shapes.canary), ["approval", "checks", "atLeast", "atMost"]),
        v.partial(v.strictObject(shapes.full), ["approval", "watch"]),
      ],
      unknownStage,
    ),
    "must be a list of steps",
  ),
  checked((steps) => stepsFault(steps as readonly Step[])),
);

/** Steps with every default written out. */
export const fullStepsSchema = v.pipe(
  v.array(
    v.variant(
      "stage",
      [v.strictObject(shapes.dark), v.strictObject(shapes.canary), v.strictObject(shapes.full)],
      unknownStage,
    ),
  ),
  checked((steps) => stepsFault(steps as readonly Step[])),
);

/** A step with every default written out. */
export type FullyWritten = v.InferOutput<typeof fullStepsSchema>[number];

/**
 * The steps of a plan that names none: dark with all checks, the weight until the verdict is good, then everybody.
 *
 * @param weight percent of the users in stage canary; 0 leaves that stage out, and a person has to judge
 */
export function usualSteps(weight: number): readonly Step[] {
  const few: Step[] = weight > 0 ? [{ stage: "canary", weight }] : [];
  return [{ stage: "dark" }, ...few, { stage: "full" }];
}

/** @param checks names of all checks of the plan */
export function fullStep(step: Step, checks: readonly string[]): FullyWritten {
  const { stage, approval = defaults.step.approval } = step;
  // Not spreads: a field that is there and undefined would take the default away.
  switch (stage) {
    case "dark": {
      const { atMost = defaults.step.dark.atMost } = step;
      return { stage, approval, atMost, checks: [...(step.checks ?? checks)] };
    }
    case "canary": {
      const { weight, atLeast = defaults.step.canary.atLeast, atMost = defaults.step.canary.atMost } = step;
      return { stage, approval, weight, atLeast, atMost, checks: [...(step.checks ?? [])] };
    }
    case "full": {
      const { watch = defaults.step.full.watch } = step;
      return { stage, approval, watch };
    }
  }
}

/**
 * What is wrong with the order of steps.
 *
 * 1. Each stage comes after the one before it: dark, canary, full.
 * 2. The last step, and no other, is full: a rollout that cannot end is none.
 * 3. Weights rise: a step that gives fewer users, or as many, tries nothing new.
 * 4. All of it fits into the record of a rollout, which holds it beside much else.
 */
function stepsFault(steps: readonly Step[]): Fault | undefined {
  const order: readonly Stage[] = ["dark", "canary", "full"];
  if (steps.at(-1)?.stage !== "full")
    return { message: 'must end with { "stage": "full" }, which brings it to stable' };
  let weight = 0;
  for (const [i, step] of steps.entries()) {
    const before = steps[i - 1];
    if (before && order.indexOf(before.stage) > order.indexOf(step.stage)) {
      return { at: [i, "stage"], message: `comes after ${before.stage}: the order is dark, canary, full` };
    }
    if (before?.stage === step.stage && step.stage !== "canary") {
      return { at: [i, "stage"], message: "is there twice: one is enough" };
    }
    if (step.stage !== "canary") continue;
    if (step.weight <= weight) return { at: [i, "weight"], message: `must be more than ${weight}, as weights rise` };
    const { atLeast = defaults.step.canary.atLeast, atMost = defaults.step.canary.atMost } = step;
    if (atLeast > atMost) return { at: [i, "atLeast"], message: `must not exceed atMost (${atMost})` };
    weight = step.weight;
  }
  return stepsTooLarge(steps);
}

/** Bytes of all steps of a plan as JSON. */
const stepsBytes = 200 * 1024;

/** Whether steps are too large to be kept in the cluster. */
export function stepsTooLarge(steps: readonly Step[]): Fault | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(steps, undefined, 2));
  if (bytes <= stepsBytes) return undefined;
  const [is, may] = [bytes, stepsBytes].map((each) => `${Math.ceil(each / 1024)} KiB`);
  return { message: `has ${is} with the names of its checks, and may have ${may}: name fewer checks in each step` };
}
