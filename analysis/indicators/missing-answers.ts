/** The indicator of requests that get no answer. */
import type { Target } from "../arms.ts";
import { nothing } from "../count.ts";
import { incrementOf } from "../increment.ts";
import type { Indicator } from "../indicator.ts";

const name = "missing answers";

/**
 * Requests without an answer: a canary that drops connections sends no 5xx. The good answers of both arms are compared with
 * the intended split. The arms are swapped, because canary is worse if stable has more than its share of the good answers.
 *
 * @example missingAnswers(1 / 8).name // "missing answers"
 */
export function missingAnswers(alphaShare: number): Indicator {
  return {
    name,
    alphaShare,
    symptom: () => "leaves requests without a good answer",
    increments(armCounts, _arms, { canaryShare }) {
      if (canaryShare === undefined) {
        // The stream exists all the same: without a comparison it blocks a good verdict.
        return new Map([[name, { canary: nothing(), stable: nothing(), stablePods: [] }]]);
      }
      if (canaryShare <= 0 || canaryShare >= 1) return new Map();
      const good = ({ ok, moved }: Target) => ({ events: ok + moved, exposure: 1 });
      const { canary, stable, stablePods } = incrementOf(armCounts, good);
      return new Map([
        [
          name,
          {
            canary: { events: stable.events, exposure: 1 - canaryShare },
            stable: { events: canary.events, exposure: canaryShare },
            stablePods,
          },
        ],
      ]);
    },
    excusedByWarmUp: false,
    ofRequests: false,
    ofPods: false,
    countsAlone: false,
    hasObjective: false,
  };
}
