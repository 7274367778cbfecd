import type { PlanStep } from "../../engine/declared.ts";
import { rolloutPlanSettings } from "../../engine/defaults.ts";
import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

const dark: PlanStep = { stage: "dark" };
const full: PlanStep = { stage: "full" };

/**
 * gray rollout follows the plan without further confirmation.
 *
 * 1. It ends with all users: stage full, on stable.
 * 2. A few users reach the release before all users do.
 * 3. Weights rise, and each by no more than the largest rise.
 *
 * A service without steps uses the default plan, which satisfies these conditions up to the service's weight; weight-step checks
 * the weight.
 */
export const rolloutPlan: Rule<typeof rolloutPlanSettings> = {
  name: "rollout-plan",
  description: "The weights of a plan rise in small steps, from few users to all, and the plan ends with stage full.",
  severity: "high",
  remediation: "Add steps of stage canary with rising weights between dark and full, and end with full.",
  settings: rolloutPlanSettings,
  judge(one, stack) {
    if (one.is !== "service" || one.plan?.steps === undefined) return [];
    const found = faults(one.plan.steps, stack.settings.largestRise);
    return found.map((fault) => `${one.namespace}/${one.name}: ${fault}.`);
  },
  examples: {
    allowed: [
      { name: "fop-gate's plan, which has no steps", resources: [canaryService()] },
      { name: "a tenth of the users, a quarter, all", resources: [planned(dark, few(10), few(25), full)] },
      { name: "a plan without stage dark", resources: [planned(few(10), full)] },
      {
        name: "half of the users at once, as the team has set",
        resources: [planned(dark, few(50), full)],
        settings: { largestRise: 50 },
      },
    ],
    disallowed: [
      {
        name: "all users at once",
        resources: [planned(dark, full)],
        message:
          /^dora-apps\/fop-gate: plan\.steps is dark, full, but needs a step of stage canary before full: add one\.$/,
      },
      {
        name: "half of the users first",
        resources: [planned(dark, few(50), full)],
        message: /plan\.steps\.1\.weight is 50 after 0, but may rise by at most 25: use at most 25 first/,
      },
      {
        name: "a jump in the middle",
        resources: [planned(dark, few(5), few(60), full)],
        message: /plan\.steps\.2\.weight is 60 after 5/,
      },
      {
        name: "weights that fall",
        resources: [planned(dark, few(20), few(10), full)],
        message: /plan\.steps\.2\.weight is 10 after 20, but weights must rise/,
      },
      {
        name: "a plan that ends before stable",
        resources: [planned(dark, few(10))],
        message: /plan\.steps ends with canary, but must end with full/,
      },
    ],
  },
};

function faults(steps: readonly PlanStep[], largestRise: number): string[] {
  const last = steps.at(-1)?.stage ?? "nothing";
  if (last !== "full")
    return [`plan.steps ends with ${last}, but must end with full, which brings the release to stable: add it`];
  const weights = steps.flatMap(({ stage, weight }, i) => (stage === "canary" ? [{ i, weight: weight ?? 0 }] : []));
  if (weights.length === 0) {
    const stages = steps.map(({ stage }) => stage).join(", ");
    return [`plan.steps is ${stages}, but needs a step of stage canary before full: add one`];
  }
  return weights.flatMap(({ i, weight }, nth) => {
    const before = weights[nth - 1]?.weight ?? 0;
    const at = `plan.steps.${i}.weight is ${weight} after ${before}`;
    if (weight <= before) return [`${at}, but weights must rise: correct it`];
    return weight - before <= largestRise
      ? []
      : [
          `${at}, but may rise by at most ${largestRise}: use at most ${before + largestRise} first (largestRise of rollout-plan in the pack's configuration)`,
        ];
  });
}

function few(weight: number): PlanStep {
  return { stage: "canary", weight };
}

function planned(...steps: readonly PlanStep[]) {
  return canaryService({ plan: { steps } });
}
