/** The steps of a plan with their forecasts, for `gray plan`. */
import { span } from "../../analysis/format.ts";
import type { Traffic } from "../../analysis/planner.ts";
import type { ResolvedStep } from "../../components/step.ts";
import type { ModeName } from "../../components/traffic/modes.ts";
import { behaviourOf, type StepBehaviour } from "../../rollout/stage.ts";
import { type Prospect, prospects, verdictColumns } from "./forecast.ts";
import { plainTable } from "./table.ts";

/** A step of the plan, and the forecast of a decision at its weight. */
export interface StepForecast {
  readonly step: ResolvedStep;
  /** Absent if canary gets none or all of the requests, or the traffic is unknown. */
  readonly prospect?: Prospect;
}

/**
 * The steps of a plan with their forecasts.
 *
 * @param traffic undefined if it is unknown
 * @param stableReplicas number of pods of stable
 * @param mode how the requests are split
 */
export function stepForecasts(
  steps: readonly ResolvedStep[],
  traffic: Traffic | undefined,
  stableReplicas: number,
  mode: ModeName,
): StepForecast[] {
  return steps.map((step) => {
    const isAsked = traffic !== undefined && step.stage === "canary" && step.weight < 100;
    const [prospect] = isAsked ? prospects(traffic, stableReplicas, 0, mode, [step.weight]) : [];
    return prospect ? { step, prospect } : { step };
  });
}

/** The steps as a table. */
export function stepTable(all: readonly StepForecast[]): string {
  const ratios = all.find(({ prospect }) => prospect)?.prospect?.forecast.notice.map(({ ratio }) => ratio) ?? [];
  return plainTable(
    [...["STEP", "PASSED WHEN", "HOLDS AFTER", "APPROVAL"], ...(ratios.length > 0 ? verdictColumns(ratios) : [])],
    all.map(({ step, prospect }) => [
      ...behaviourColumns(behaviourOf(step)),
      step.approval ? "by a person" : "",
      ...ratios.map((_, at) => time(prospect?.forecast.notice[at]?.expected.seconds)),
      ...(ratios.length > 0 ? [time(prospect?.forecast.clear.seconds)] : []),
    ]),
  );
}

function behaviourColumns({ name, checks, condition, limit }: StepBehaviour): string[] {
  const conditions = [
    ...(checks.length > 0 ? [`${checks.join(", ")} pass`] : []),
    ...(condition === undefined ? [] : [condition]),
  ];
  return [name, conditions.join(", ") || "canary runs it", limit === undefined ? "" : span(limit)];
}

function time(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  return Number.isFinite(seconds) ? span(seconds) : "never";
}
