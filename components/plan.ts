/** The rollout plan of a service: its checks and steps, and the ConfigMap that stores it in the cluster. */
import * as v from "valibot";
import {
  type Check,
  checkName,
  checksSchema,
  type FullCheck,
  fullCheck,
  fullChecksSchema,
  plainCheck,
} from "./check.ts";
import { defaults } from "./defaults.ts";
import { checked, type Fault, keyed, understand } from "./schema.ts";
import {
  plainStep,
  type ResolvedStep,
  resolveStep,
  type Step,
  stepsSchema,
  stepsTooLarge,
  usualSteps,
} from "./step.ts";

/**
 * How a release is rolled out to the users.
 *
 * @example
 * ```ts
 * const plan: PlanArgs = {
 *   checks: [{ name: "healthy", path: "/healthz" }],
 *   steps: [{ stage: "dark" }, { stage: "canary", weight: 5 }, { stage: "canary", weight: 25 }, { stage: "full" }],
 * };
 * ```
 */
export interface PlanArgs {
  /** Requests that `gray probe` and the steps send to canary, in this order. @default none */
  readonly checks?: readonly Check[];
  /** The steps of `gray rollout`. @default dark with all checks, but not for a worker; canary at `weight` until the verdict is good; full */
  readonly steps?: readonly Step[];
  /**
   * `none` if the service measures no latency. Otherwise no release is judged good while its latency is not known.
   * @default the histogram of the service's metrics
   */
  readonly latency?: "none";
}

/** What a plan may say of latency. */
const latencySchema = v.optional(v.literal("none", "must be none"));

/** Validates {@link PlanArgs}. */
export const planSchema = keyed(
  v.pipe(
    v.strictObject({ checks: v.optional(checksSchema), steps: v.optional(stepsSchema), latency: latencySchema }),
    checked((plan) => unknownCheck(plan as PlanArgs) ?? tooLarge(plan as PlanArgs)),
  ),
);

function unknownCheck({ checks = [], steps = [] }: PlanArgs): Fault | undefined {
  const known = checks.map(checkName);
  for (const [i, step] of steps.entries()) {
    const unknown = "checks" in step ? step.checks?.find((name) => !known.includes(name)) : undefined;
    if (unknown === undefined) continue;
    const advice = known.length > 0 ? `choose from ${known.join(", ")}` : "add it there";
    return {
      at: ["steps", i, "checks"],
      message: `names the check ${unknown}, which plan.checks does not contain: ${advice}`,
    };
  }
  return undefined;
}

/** Counts the defaults too: a dark step without `checks` uses all checks of the plan. */
function tooLarge(plan: PlanArgs): Fault | undefined {
  const fault = stepsTooLarge(stepsOf(plan, defaults.weight));
  return fault && { at: [plan.steps ? "steps" : "checks"], ...fault };
}

/**
 * The steps of a rollout with every default filled in.
 *
 * @param weight percent of the users in stage canary, for a plan without steps
 * @param canBeDark whether canary can run without work, for a plan without steps. @default true
 * @example stepsOf({ checks: [{ path: "/healthz" }] }, 10).map(({ stage }) => stage) // ["dark", "canary", "full"]
 */
export function stepsOf({ checks = [], steps }: PlanArgs, weight: number, canBeDark = true): ResolvedStep[] {
  return (steps ?? usualSteps(weight, canBeDark)).map((step) => resolveStep(step, checks.map(checkName)));
}

/**
 * A plan with its durations and weights as numbers: as policies and `gray` read it.
 *
 * @example
 * ```ts
 * plainPlan({ steps: [{ stage: "full", watch: "5m" }] }) // { steps: [{ stage: "full", watch: 300 }] }
 * ```
 */
export function plainPlan(plan: PlanArgs): PlanArgs {
  const { checks, steps } = plan;
  return { ...plan, ...(checks && { checks: checks.map(plainCheck) }), ...(steps && { steps: steps.map(plainStep) }) };
}

/**
 * The part of the plan that is stored in the cluster, with every default filled in. So `gray` uses the checks of the deployed
 * canary, on any machine and in any version.
 */
export interface Plan {
  readonly checks: readonly FullCheck[];
  /** Whether the service measures no latency. @default it measures it */
  readonly latency?: "none";
}

/** Rejects unknown versions and fields: a partly understood plan could pass a release that the whole plan would stop. */
const stored = keyed(v.strictObject({ version: v.literal(1), checks: fullChecksSchema, latency: latencySchema }));

/** The name of the ConfigMap with the plan of a service. @example planName("web") // "web-plan" */
export function planName(service: string): string {
  return `${service}-plan`;
}

/**
 * The value of the key `plan` in that ConfigMap, as JSON.
 *
 * @param port number of the Service's first port
 * @example parsePlan(planText({ checks: [{ path: "/healthz" }] }, 80)).checks.length // 1
 */
export function planText({ checks = [], latency }: PlanArgs, port: number): string {
  const plan = { version: 1, checks: checks.map((check) => fullCheck(check, port)), latency };
  return JSON.stringify(plan, undefined, 2);
}

/**
 * Reads a plan from the ConfigMap.
 *
 * @throws Error that names the fault in the text
 * @example parsePlan('{"version":1,"checks":[]}').checks // []
 */
export function parsePlan(text: string): Plan {
  const { checks, latency } = understand(stored, JSON.parse(text));
  return { checks, ...(latency && { latency }) };
}
