/** The indicators of answers by the class of their status code. */
import { incrementOf } from "../increment.ts";
import type { Indicator, IndicatorKind } from "../indicator.ts";

/** The indicator of answers 5xx, which TPS5XX counts. */
export const serverErrors = status("5xx", "failed", { countsAlone: true, hasObjective: true });

/** The indicator of answers 4xx. Clients cause most of them, so they say nothing about a release that is not compared. */
export const clientErrors = status("4xx", "refused", { countsAlone: false, hasObjective: false });

function status(
  name: string,
  field: "refused" | "failed",
  alone: Pick<Indicator, "countsAlone" | "hasObjective">,
): IndicatorKind {
  return (alphaShare) => ({
    name,
    alphaShare,
    symptom: () => `answers ${name}`,
    increments: (armCounts) =>
      new Map([[name, incrementOf(armCounts, (target) => ({ events: target[field], exposure: target.requests }))]]),
    excusedByWarmUp: false,
    ofRequests: true,
    ofPods: false,
    ...alone,
  });
}
