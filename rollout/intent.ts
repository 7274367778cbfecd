import * as v from "valibot";
import { defaults } from "../components/defaults.ts";
import { type PlanArgs, planSchema, stepsOf } from "../components/plan.ts";
import { keyed, percent, understand } from "../components/schema.ts";
import type { ResolvedStep } from "../components/step.ts";
import { isWorker } from "../components/traffic/worker/args.ts";

/** The program's intent for a service: the release to roll out, and the steps. */
export interface Intent {
  /** Id of the release that canary will run. */
  readonly release: string;
  readonly steps: readonly ResolvedStep[];
}

const inputs = keyed(
  v.object({
    weight: v.optional(percent),
    ports: v.optional(v.array(v.unknown())),
    plan: v.optional(planSchema),
    releases: v.object({ canary: v.object({ id: v.string() }) }),
  }),
);

/**
 * Reads the intent from the inputs of a CanaryService component, as in a preview of the stack that owns canary.
 *
 * @throws Error that names the invalid input
 */
export function intentOf(component: unknown): Intent {
  const { weight = defaults.weight, ports, plan = {}, releases } = understand(inputs, component);
  return {
    release: releases.canary.id,
    steps: stepsOf(plan as PlanArgs, weight, !isWorker({ ports })),
  };
}
