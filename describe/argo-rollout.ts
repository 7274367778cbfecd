/** Converts a Rollout of Argo Rollouts (argoproj.io/v1alpha1): its workload, and the plan of its canary strategy. Pure. */

import type { PlanArgs } from "../components/plan.ts";
import type { Duration } from "../components/units.ts";
import { durationIn } from "./duration.ts";
import { type ForeignWeight, stepsOfWeights } from "./plan-steps.ts";
import { notDescribed, type Remark } from "./remark.ts";

/** A Rollout in the API; the fields read here. */
export interface RolloutObject {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly workloadRef?: { readonly kind: string; readonly name: string };
    readonly strategy?: { readonly canary?: CanaryStrategy; readonly blueGreen?: object };
    readonly [field: string]: unknown;
  };
}

interface CanaryStrategy {
  readonly steps?: readonly RolloutStep[];
  readonly [field: string]: unknown;
}

interface RolloutStep {
  readonly setWeight?: number;
  readonly pause?: { readonly duration?: number | string };
  readonly [other: string]: unknown;
}

/** What becomes of the fields of a canary strategy that are not steps. */
const fields: Readonly<Record<string, string>> = {
  analysis:
    "gray-release compares canary with stable by itself; give queries of your own to gray verify and gray rollout as --pair",
  trafficRouting:
    "the argument gateway splits by an HTTPRoute, and without it the number of pods does: the routes of this router are not read",
  stableService: "the tracks have the Services of gray-release, and users the shared one",
  canaryService: "the tracks have the Services of gray-release, and users the shared one",
  maxSurge: "it is the argument maxSurge; set it if the default 1 is not right",
  maxUnavailable: "it is the argument maxUnavailable; set it if the default 0 is not right",
};

/** The plan of a Rollout, and what it does not say. */
export function planOfRollout({ metadata, spec }: RolloutObject): {
  readonly plan: PlanArgs;
  readonly remarks: readonly Remark[];
} {
  const what = `Rollout ${metadata.name}`;
  const { canary, blueGreen } = spec.strategy ?? {};
  if (canary === undefined) {
    const why = blueGreen
      ? "use a plan with the stages dark and full, as here: the full step rolls stable pod by pod"
      : "it has no strategy canary, so the plan has the usual steps";
    const steps: PlanArgs = blueGreen ? { steps: [{ stage: "dark" }, { stage: "full", approval: true }] } : {};
    return { plan: steps, remarks: [notDescribed(`${what}: strategy.${blueGreen ? "blueGreen" : "canary"}`, why)] };
  }
  const { steps = [], ...others } = canary;
  const { weights, remarks } = weightsOf(what, steps);
  const plan = stepsOfWeights(weights, what);
  const rest = Object.keys(others).map((field) => {
    return notDescribed(`${what}: strategy.canary.${field}`, fields[field] ?? "gray-release has nothing like it");
  });
  return { plan: steps.length > 0 ? { steps: plan.steps } : {}, remarks: [...remarks, ...plan.remarks, ...rest] };
}

/** The weights with the pauses after them. A pause without a duration holds until a person promotes. */
function weightsOf(what: string, steps: readonly RolloutStep[]): { weights: ForeignWeight[]; remarks: Remark[] } {
  const weights: ForeignWeight[] = [];
  const remarks: Remark[] = [];
  for (const [i, { setWeight, pause, ...others }] of steps.entries()) {
    const at = `${what}: step ${i + 1}`;
    if (setWeight !== undefined) weights.push({ weight: setWeight });
    if (pause !== undefined) {
      const last = weights.pop() ?? { weight: 0 };
      const given = pause.duration === undefined ? undefined : durationIn(pause.duration);
      if (pause.duration !== undefined && given === undefined) {
        remarks.push(notDescribed(at, `its duration ${JSON.stringify(pause.duration)} is not understood`));
      }
      weights.push({
        ...last,
        ...(given !== undefined && { atLeast: sum(last.atLeast, given) }),
        ...(pause.duration === undefined && { isHeld: true }),
      });
    }
    for (const kind of Object.keys(others)) {
      const why =
        kind === "analysis"
          ? fields.analysis
          : "no step of a plan is like it: checks of the plan try canary, and a person approves a step";
      remarks.push(notDescribed(`${at}: ${kind}`, why ?? ""));
    }
  }
  return { weights, remarks };
}

function sum(before: Duration | undefined, more: number): number {
  return (typeof before === "number" ? before : 0) + more;
}
