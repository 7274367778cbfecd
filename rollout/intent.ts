import * as v from "valibot";
import { defaults } from "../components/defaults.ts";
import { type PlanArgs, planSchema, stepsOf } from "../components/plan.ts";
import { keyed, percent, understand } from "../components/schema.ts";
import type { FullyWritten } from "../components/step.ts";

/** What the program wants of a service: the release to roll out, and how. */
export interface Intent {
  /** Id of the release that canary would run. */
  readonly release: string;
  readonly steps: readonly FullyWritten[];
}

const inputs = keyed(
  v.object({
    weight: v.optional(percent),
    plan: v.optional(planSchema),
    releases: v.object({ canary: v.object({ id: v.string() }) }),
  }),
);

/**
 * What the inputs of a CanaryService component say, as a preview of canary's stack shows them.
 *
 * @throws Error that says what is wrong with them
 */
export function intentOf(component: unknown): Intent {
  const { weight = defaults.weight, plan = {}, releases } = understand(inputs, component);
  return { release: releases.canary.id, steps: stepsOf(plan as PlanArgs, weight) };
}
