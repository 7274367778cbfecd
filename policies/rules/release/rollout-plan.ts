import type { PlanStep } from "../../engine/declared.ts";
import { canaryService } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";
import { rolloutPlanSettings } from "../../engine/settings.ts";

const dark: PlanStep = { stage: "dark" };
const full: PlanStep = { stage: "full" };

/**
 * What a plan says is what gray rollout does, at night as well.
 *
 * 1. It ends with everybody: stage full, in prod.
 * 2. A few users meet the release before everybody does.
 * 3. Weights rise, and by no more than one step at once.
 *
 * A service without steps goes the usual way, which holds all of this up to its own weight (weight-step).
 */
export const rolloutPlan: Rule<typeof rolloutPlanSettings> = {
  name: "rollout-plan",
  description: "The steps of a plan rise by small steps, from few users to all, and end in prod.",
  severity: "high",
  remediation: "Put steps of stage canary with rising weights between dark and full, and full last.",
  settings: rolloutPlanSettings,
  judge(one, stack) {
    if (one.is !== "service" || one.plan?.steps === undefined) return [];
    const found = faults(one.plan.steps, stack.settings.largestRise);
    return found.map((fault) => `${one.namespace}/${one.name}: ${fault}.`);
  },
  examples: {
    allowed: [
      { name: "fop-gate's, which names no steps", resources: [canaryService()] },
      { name: "a tenth, a quarter, everybody", resources: [planned(dark, few(10), few(25), full)] },
      { name: "without the dark", resources: [planned(few(10), full)] },
      {
        name: "half at once, where the team has set that",
        resources: [planned(dark, few(50), full)],
        settings: { largestRise: 50 },
      },
    ],
    disallowed: [
      {
        name: "everybody at once",
        resources: [planned(dark, full)],
        says: /^dora-apps\/fop-gate: plan\.steps is dark, full, and a step of stage canary before full is wanted: put one in\.$/,
      },
      {
        name: "half of the users first",
        resources: [planned(dark, few(50), full)],
        says: /plan\.steps\.1\.weight is 50 after 0, and a rise of at most 25 is wanted: take at most 25 first/,
      },
      {
        name: "a jump in the middle",
        resources: [planned(dark, few(5), few(60), full)],
        says: /plan\.steps\.2\.weight is 60 after 5/,
      },
      {
        name: "weights that fall",
        resources: [planned(dark, few(20), few(10), full)],
        says: /plan\.steps\.2\.weight is 10 after 20, and more is wanted/,
      },
      {
        name: "an end before prod",
        resources: [planned(dark, few(10))],
        says: /plan\.steps ends with canary, and full is wanted/,
      },
    ],
  },
};

function faults(steps: readonly PlanStep[], largestRise: number): string[] {
  const last = steps.at(-1)?.stage ?? "nothing";
  if (last !== "full") return [`plan.steps ends with ${last}, and full is wanted, which brings it to prod: add it`];
  const weights = steps.flatMap(({ stage, weight }, i) => (stage === "canary" ? [{ i, weight: weight ?? 0 }] : []));
  if (weights.length === 0) {
    const stages = steps.map(({ stage }) => stage).join(", ");
    return [`plan.steps is ${stages}, and a step of stage canary before full is wanted: put one in`];
  }
  return weights.flatMap(({ i, weight }, nth) => {
    const before = weights[nth - 1]?.weight ?? 0;
    const at = `plan.steps.${i}.weight is ${weight} after ${before}`;
    if (weight <= before) return [`${at}, and more is wanted, as weights rise: correct it`];
    return weight - before <= largestRise
      ? []
      : [
          `${at}, and a rise of at most ${largestRise} is wanted: take at most ${before + largestRise} first (largestRise of rollout-plan in the pack's configuration)`,
        ];
  });
}

function few(weight: number): PlanStep {
  return { stage: "canary", weight };
}

function planned(...steps: readonly PlanStep[]) {
  return canaryService({ plan: { steps } });
}
