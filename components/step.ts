/** The steps of a rollout plan: their stages, defaults and validation. */
import * as v from "valibot";
import { defaults } from "./defaults.ts";
import { checked, type Fault, percent, wholeNumber } from "./schema.ts";
import { type Duration, duration, type Percent, percentage, percentOf, secondsOf } from "./units.ts";

/** The stage of a release: it serves no users (dark), some users (canary) or all users (full). */
export type Stage = "dark" | "canary" | "full";

/**
 * One step of a rollout plan: which users get the release, the conditions to continue, and the time limit.
 *
 * @example
 * ```ts
 * const steps: Step[] = [
 *   { stage: "dark" },
 *   { stage: "canary", weight: 10, atLeast: "5m", approval: true },
 *   { stage: "full", watch: "10m" },
 * ];
 * ```
 */
export type Step = DarkStep | CanaryStep | FullStep;

interface AnyStep {
  /** Whether a person must approve the step before it begins. @default false */
  readonly approval?: boolean;
}

/**
 * The release runs in production without user traffic.
 *
 * @example
 * ```ts
 * const step: DarkStep = { stage: "dark", checks: ["healthy"], atMost: "2m" };
 * ```
 */
export interface DarkStep extends AnyStep {
  readonly stage: "dark";
  /** Names of the checks that must pass. @default all checks of the plan */
  readonly checks?: readonly string[];
  /** The time in which failed checks are repeated. After it the rollout holds and asks for a decision. @default "60s" */
  readonly atMost?: Duration;
}

/**
 * Some users get the release, until the verdict on it is good.
 *
 * @example
 * ```ts
 * const step: CanaryStep = { stage: "canary", weight: "10%", atLeast: "5m", atMost: "1h" };
 * ```
 */
export interface CanaryStep extends AnyStep {
  readonly stage: "canary";
  /** Percent of the users, more than in the previous step and at most 100. */
  readonly weight: Percent;
  /** Names of the checks that must pass first. @default none */
  readonly checks?: readonly string[];
  /** Minimum duration of the step, even if the verdict is good earlier. @default 0 */
  readonly atLeast?: Duration;
  /** The time after which a rollout without a verdict holds and asks for a decision. @default "15m" */
  readonly atMost?: Duration;
}

/**
 * All users get the release: stable rolls to it and is then observed.
 *
 * @example
 * ```ts
 * const step: FullStep = { stage: "full", approval: true, watch: "10m" };
 * ```
 */
export interface FullStep extends AnyStep {
  readonly stage: "full";
  /** The time of observation after stable runs the release completely. @default "5m" */
  readonly watch?: Duration;
}

/** The longest duration of a step: a week. */
const longestSeconds = 7 * 24 * 3600;
const stepDuration = duration(
  (seconds) => Number.isInteger(seconds) && seconds >= 0 && seconds <= longestSeconds,
  `must be a whole number of seconds from 0 to ${longestSeconds}, or a text such as "90s", "10m" or "2h"`,
);
/** Maximum length of a check's name in characters: the method and the longest path. */
const nameLimit = 2100;
const names = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(nameLimit, `must be at most ${nameLimit} characters`))),
  v.check((all) => new Set(all).size === all.length, "must not name a check twice"),
);
/** What a step of each stage consists of, by how its times and its weight are written. */
const shapesBy = <Time extends v.GenericSchema, Weight extends v.GenericSchema>(time: Time, weight: Weight) => ({
  dark: { stage: v.literal("dark"), approval: v.boolean(), checks: names, atMost: time },
  canary: { stage: v.literal("canary"), approval: v.boolean(), weight, checks: names, atLeast: time, atMost: time },
  full: { stage: v.literal("full"), approval: v.boolean(), watch: time },
});
const shapes = shapesBy(stepDuration, percentage);
const storedShapes = shapesBy(wholeNumber(0, longestSeconds), percent);
const unknownStage = "must be dark, canary or full";

/** Validates steps as declared in a program. Messages continue the text "<argument> is <value>: ". */
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

/** Validates steps with every default filled in, as stored in the cluster. */
export const resolvedStepsSchema = v.pipe(
  v.array(
    v.variant(
      "stage",
      [v.strictObject(storedShapes.dark), v.strictObject(storedShapes.canary), v.strictObject(storedShapes.full)],
      unknownStage,
    ),
  ),
  checked((steps) => stepsFault(steps as readonly Step[])),
);

/** A step with every default filled in. */
export type ResolvedStep = v.InferOutput<typeof resolvedStepsSchema>[number];

/**
 * The default steps of a plan: dark with all checks, canary at the weight until the verdict is good, then full. A worker cannot be dark.
 *
 * @param weight percent of the users in stage canary. At 0 there is no stage canary, and a person must decide on the release
 * @param canBeDark whether canary can run without work. @default true
 * @example usualSteps(10) // [{ stage: "dark" }, { stage: "canary", weight: 10 }, { stage: "full" }]
 */
export function usualSteps(weight: number, canBeDark = true): readonly Step[] {
  const none: Step[] = canBeDark ? [{ stage: "dark" }] : [];
  const few: Step[] = weight > 0 ? [{ stage: "canary", weight }] : [];
  return [...none, ...few, { stage: "full" }];
}

/**
 * Fills in every default of a step.
 *
 * @param checks names of all checks of the plan
 * @example resolveStep({ stage: "full", watch: "5m" }, []) // { stage: "full", approval: false, watch: 300 }
 */
export function resolveStep(step: Step, checks: readonly string[]): ResolvedStep {
  const { stage, approval = defaults.step.approval } = step;
  // No spreads: a field that is present but undefined would override the default.
  switch (stage) {
    case "dark": {
      const { atMost = defaults.step.dark.atMost } = step;
      return { stage, approval, atMost: secondsOf(atMost), checks: [...(step.checks ?? checks)] };
    }
    case "canary": {
      const { weight, atLeast = defaults.step.canary.atLeast, atMost = defaults.step.canary.atMost } = step;
      const times = { atLeast: secondsOf(atLeast), atMost: secondsOf(atMost) };
      return { stage, approval, weight: percentOf(weight), ...times, checks: [...(step.checks ?? [])] };
    }
    case "full": {
      const { watch = defaults.step.full.watch } = step;
      return { stage, approval, watch: secondsOf(watch) };
    }
  }
}

/**
 * A step with its durations in seconds and its weight as a number, without defaults: as policies and `gray` read it.
 *
 * @example
 * ```ts
 * plainStep({ stage: "canary", weight: "10%", atMost: "10m" }) // { stage: "canary", weight: 10, atMost: 600 }
 * ```
 */
export function plainStep(step: Step): Step {
  const plain = Object.entries(step).map(([key, value]) => {
    if (value === undefined) return [key, value];
    if (key === "weight") return [key, percentOf(value)];
    return [key, ["atLeast", "atMost", "watch"].includes(key) ? secondsOf(value) : value];
  });
  return Object.fromEntries(plain);
}

/**
 * Checks the conditions between the steps of a plan.
 *
 * 1. The stages are in order: dark, canary, full.
 * 2. The last step is full, and no other is: otherwise the rollout could not finish.
 * 3. Weights rise, because a step with the same or fewer users shows nothing new.
 * 4. All steps together fit into the record of the rollout, which stores other data too.
 */
function stepsFault(steps: readonly Step[]): Fault | undefined {
  const order: readonly Stage[] = ["dark", "canary", "full"];
  if (steps.at(-1)?.stage !== "full")
    return { message: 'must end with { "stage": "full" }, which promotes the release to stable' };
  let weight = 0;
  for (const [i, step] of steps.entries()) {
    const before = steps[i - 1];
    if (before && order.indexOf(before.stage) > order.indexOf(step.stage)) {
      return { at: [i, "stage"], message: `comes after ${before.stage}: the order is dark, canary, full` };
    }
    if (before?.stage === step.stage && step.stage !== "canary") {
      return { at: [i, "stage"], message: "occurs twice: remove one of them" };
    }
    if (step.stage !== "canary") continue;
    const { atLeast = defaults.step.canary.atLeast, atMost = defaults.step.canary.atMost } = step;
    const share = percentOf(step.weight);
    if (share <= weight) return { at: [i, "weight"], message: `must be more than ${weight}, as weights rise` };
    if (secondsOf(atLeast) > secondsOf(atMost)) {
      const limit = typeof atMost === "number" ? `${atMost} seconds` : atMost;
      return { at: [i, "atLeast"], message: `must not exceed atMost, ${limit}` };
    }
    weight = share;
  }
  return stepsTooLarge(steps);
}

/** Maximum size of all steps of a plan as JSON, in bytes. */
const stepsBytes = 200 * 1024;

/**
 * Checks that the steps are small enough to be stored in the record.
 *
 * @example stepsTooLarge([{ stage: "full" }]) // undefined
 */
export function stepsTooLarge(steps: readonly Step[]): Fault | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(steps, undefined, 2));
  if (bytes <= stepsBytes) return undefined;
  const [size, limit] = [bytes, stepsBytes].map((each) => `${Math.ceil(each / 1024)} KiB`);
  return {
    message: `needs ${size} with the names of its checks, and the limit is ${limit}: name fewer checks in each step`,
  };
}
