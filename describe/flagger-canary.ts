/** Converts a Canary of Flagger (flagger.app/v1beta1): its target, and the plan of its analysis. Pure. */

import type { PlanArgs } from "../components/plan.ts";
import { durationIn } from "./duration.ts";
import { type ForeignWeight, stepsOfWeights } from "./plan-steps.ts";
import { differs, notDescribed, type Remark } from "./remark.ts";

/** A Canary in the API; the fields read here. */
export interface CanaryObject {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly targetRef?: { readonly kind: string; readonly name: string };
    readonly service?: Readonly<Record<string, unknown>>;
    readonly analysis?: Analysis;
    readonly [field: string]: unknown;
  };
}

interface Analysis {
  readonly interval?: string;
  readonly threshold?: number;
  readonly maxWeight?: number;
  readonly stepWeight?: number;
  readonly stepWeights?: readonly number[];
  readonly metrics?: readonly {
    readonly name?: string;
    readonly thresholdRange?: { readonly min?: number; readonly max?: number };
  }[];
  readonly [field: string]: unknown;
}

/** What becomes of Flagger's own metrics. */
const metrics: Readonly<Record<string, string>> = {
  "request-success-rate":
    "gray-release has the indicator 5xx: canary may not fail surely more often than stable, instead of a fixed limit",
  "request-duration":
    "gray-release compares each edge of the latency histogram with stable's, instead of a fixed limit",
};

/** What becomes of the other fields of the spec. */
const fields: Readonly<Record<string, string>> = {
  service:
    "the Service of the target is described; Flagger's own Services, -primary and -canary, and its routes are not taken over",
  autoscalerRef: "the autoscaler stays as it is; let it scale the Deployment of stable",
  ingressRef: "the Ingress stays as it is, and leads to the shared Service",
  progressDeadlineSeconds: "it is the argument progressDeadlineSeconds; set it if the default 600 is not right",
  provider: "traffic is split by number of pods, or by the argument gateway",
  skipAnalysis: "gray promote skips what is left of a plan, with a reason",
};

/** What becomes of the other fields of the analysis. */
const analysisFields: Readonly<Record<string, string>> = {
  webhooks: "checks of the plan send requests to canary, and gray probe -- <command> runs a command against it",
  iterations: "it is a plan for a blue/green release: use a step with weight 100 and a least time",
  match: "the argument gateway.rules sends chosen users to canary",
  alerts: "gray rollout notifies a webhook like that of Slack (GRAY_WEBHOOK)",
};

/** The plan of a Canary, and what it does not say. */
export function planOfCanary({ metadata, spec }: CanaryObject): {
  readonly plan: PlanArgs;
  readonly remarks: readonly Remark[];
} {
  const what = `Canary ${metadata.name}`;
  const { targetRef: _, analysis = {}, ...others } = spec;
  const { interval = "60s", threshold, maxWeight, stepWeight, stepWeights, metrics: given = [], ...further } = analysis;
  const atLeast = durationIn(interval);
  const weights = (stepWeights ?? rising(stepWeight, maxWeight)).map(
    (weight): ForeignWeight => ({ weight, ...(atLeast !== undefined && { atLeast }) }),
  );
  const plan = stepsOfWeights(weights, what);
  const at = (field: string) => `${what}: analysis.${field}`;
  const remarks: Remark[] = [
    ...(atLeast === undefined
      ? [notDescribed(at("interval"), `the duration ${JSON.stringify(interval)} is not understood`)]
      : []),
    ...(threshold === undefined
      ? []
      : [
          differs(
            at(`threshold ${threshold}`),
            "a release is judged by evidence from all its requests, not by a number of failed checks",
          ),
        ]),
    ...given.map(({ name = "" }) => {
      const known = metrics[name];
      const own = "give it to gray verify and gray rollout as --pair <name>=<events>/<all>";
      return known === undefined ? notDescribed(at(`metrics ${name}`), own) : differs(at(`metrics ${name}`), known);
    }),
    ...Object.keys(further).map((field) =>
      notDescribed(at(field), analysisFields[field] ?? "gray-release has nothing like it"),
    ),
    ...Object.keys(others).map((field) =>
      notDescribed(`${what}: ${field}`, fields[field] ?? "gray-release has nothing like it"),
    ),
  ];
  return { plan: weights.length > 0 ? { steps: plan.steps } : {}, remarks: [...plan.remarks, ...remarks] };
}

/** The weights from one step to the next, up to the highest. */
function rising(step: number | undefined, max: number | undefined): number[] {
  if (!step || step < 1 || !max) return [];
  return Array.from({ length: Math.floor(Math.min(max, 100) / step) }, (_, i) => (i + 1) * step);
}
