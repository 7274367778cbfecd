/** Steps of a plan from the weights of another tool. Pure. */

import { fixedReplicas } from "../components/autoscaling.ts";
import { defaults } from "../components/defaults.ts";
import type { PlanArgs } from "../components/plan.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import type { CanaryStep, Step } from "../components/step.ts";
import { modeOf } from "../components/traffic/modes.ts";
import { type Duration, percentOf, secondsOf } from "../components/units.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { differs, type Remark } from "./remark.ts";

/** A weight of another tool, and what it waits for there. */
export interface ForeignWeight {
  readonly weight: number;
  /** The least time at this weight. @default none */
  readonly atLeast?: Duration;
  /** Whether a person has to let it go on from here. @default false */
  readonly isHeld?: boolean;
}

/**
 * The steps of a plan with these weights: dark, then each weight that rises, then full.
 *
 * 1. A weight of 0 is the dark step.
 * 2. A weight that does not rise is left out, and its time is added to no other.
 * 3. A weight of 100 is the step full.
 * 4. What holds until a person goes on asks for approval before the next step.
 *
 * @param from the field of the other tool, for the remarks
 */
export function stepsOfWeights(weights: readonly ForeignWeight[], from: string): { steps: Step[]; remarks: Remark[] } {
  const remarks: Remark[] = [];
  const steps: Step[] = [{ stage: "dark" }];
  let approval = false;
  let reached = 0;
  for (const { weight, atLeast, isHeld = false } of weights) {
    if (weight > reached && weight < 100) {
      const step: CanaryStep = {
        stage: "canary",
        weight,
        ...(atLeast !== undefined && { atLeast }),
        ...limitOf(atLeast),
      };
      steps.push(approval ? { ...step, approval } : step);
      approval = false;
      reached = weight;
    } else if (weight !== 100 && weight !== 0) {
      remarks.push(differs(`${from}: weight ${weight}`, "it does not rise above the one before, so no step has it"));
    }
    approval ||= isHeld;
  }
  steps.push({ stage: "full", ...(approval && { approval }) });
  return { steps, remarks };
}

/** Time for a verdict after the least time: as long again, and at least the default. */
function limitOf(atLeast: Duration | undefined): Pick<CanaryStep, "atMost"> {
  if (atLeast === undefined) return {};
  const seconds = 2 * secondsOf(atLeast);
  return seconds > defaults.step.canary.atMost ? { atMost: seconds } : {};
}

/** The weights of a plan that the pods of a service cannot express. */
export function unreachable({ steps = [] }: PlanArgs, args: ServiceArgs): Remark[] {
  const pods = fixedReplicas(args) ?? 1;
  return steps.flatMap((step) => {
    if (step.stage !== "canary") return [];
    try {
      modeOf(args).plan(percentOf(step.weight), pods, {});
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return [
        differs(
          `step canary ${step.weight}`,
          `up will refuse it as it is (${clauseOf(error)}), unless you set gateway`,
        ),
      ];
    }
  });
}
