/** The indicators of a pair of counters that the user defined. */
import { pairCount } from "../arms.ts";
import { incrementOf } from "../increment.ts";
import type { IndicatorKind } from "../indicator.ts";

/** Items that failed among all items of a worker, as a pair counts them. @example items("failed")(1 / 2).hasObjective // true */
export function items(name: string): IndicatorKind {
  return (alphaShare) => ({ ...pair(name)(alphaShare), hasObjective: true });
}

/** Bad events of a pair among all its events. @example pair("lost")(1 / 8).symptom("lost") // "counts as lost" */
export function pair(name: string): IndicatorKind {
  return (alphaShare) => ({
    name,
    alphaShare,
    symptom: () => `counts as ${name}`,
    increments: (armCounts) => new Map([[name, incrementOf(armCounts, ({ pairs }) => pairCount(pairs, name))]]),
    excusedByWarmUp: false,
    ofRequests: true,
    ofPods: false,
    countsAlone: true,
    hasObjective: false,
  });
}
