import * as v from "valibot";
import { type Check, checkName, checksSchema, type FullCheck, fullCheck, fullChecksSchema } from "./check.ts";
import { defaults } from "./defaults.ts";
import { checked, type Fault, keyed, understand } from "./schema.ts";
import { type FullyWritten, fullStep, type Step, stepsSchema, stepsTooLarge, usualSteps } from "./step.ts";

/** How a release comes to the users. */
export interface PlanArgs {
  /** What `gray probe`, and the steps, ask a canary, in this order. @default none */
  readonly checks?: readonly Check[];
  /** How `gray rollout` goes. @default dark with all checks; the weight until the verdict is good; everybody */
  readonly steps?: readonly Step[];
}

/** What types cannot say of {@link PlanArgs}. */
export const planSchema = keyed(
  v.pipe(
    v.strictObject({ checks: v.optional(checksSchema), steps: v.optional(stepsSchema) }),
    checked((plan) => unknownCheck(plan as PlanArgs) ?? tooLarge(plan as PlanArgs)),
  ),
);

function unknownCheck({ checks = [], steps = [] }: PlanArgs): Fault | undefined {
  const known = checks.map(checkName);
  for (const [i, step] of steps.entries()) {
    const unknown = "checks" in step ? step.checks?.find((name) => !known.includes(name)) : undefined;
    if (unknown === undefined) continue;
    const others = known.length > 0 ? `choose from ${known.join(", ")}` : "there are none in plan.checks";
    return { at: ["steps", i, "checks"], message: `names the check ${unknown}, which there is not: ${others}` };
  }
  return undefined;
}

/** Steps that name no checks have all of the plan. */
function tooLarge(plan: PlanArgs): Fault | undefined {
  const fault = stepsTooLarge(stepsOf(plan, defaults.weight));
  return fault && { at: [plan.steps ? "steps" : "checks"], ...fault };
}

/**
 * The steps of a rollout with every default written out.
 *
 * @param weight percent of the users, for a plan that names no steps
 */
export function stepsOf({ checks = [], steps }: PlanArgs, weight: number): FullyWritten[] {
  return (steps ?? usualSteps(weight)).map((step) => fullStep(step, checks.map(checkName)));
}

/**
 * What of the plan is read from the cluster, with every default written out. The program leaves it in the cluster, so that `gray` goes by what
 * was declared when canary was deployed, whichever version of it and wherever it runs.
 */
export interface Plan {
  readonly checks: readonly FullCheck[];
}

/** A form that is not known is not read: half of a plan would let through what the other half forbids. */
const stored = keyed(v.strictObject({ version: v.literal(1), checks: fullChecksSchema }));

/** The ConfigMap that holds it. */
export function planName(service: string): string {
  return `${service}-plan`;
}

/** What stands in the ConfigMap under the key `plan`. @param port number of the Service's first port */
export function planText({ checks = [] }: PlanArgs, port: number): string {
  const plan = { version: 1, checks: checks.map((check) => fullCheck(check, port)) };
  return JSON.stringify(plan, undefined, 2);
}

/** @throws Error that says what is wrong with the text */
export function parsePlan(text: string): Plan {
  const { checks } = understand(stored, JSON.parse(text));
  return { checks };
}
