/** The gate's answers as inputs of the component, for policies. */

import type { RolloutContext } from "../components/rollout-context.ts";
import type { Track } from "../components/traffic.ts";
import type { VerdictAge } from "../record/verdict-age.ts";
import type { Admission } from "./gate.ts";

/** The part of the gate's answers that is an input of the component. It does not change between two runs without a change. */
export function shownAdmissions(
  admissions: Partial<Record<Track, Admission>>,
  verdict: VerdictAge | undefined,
): RolloutContext["admissions"] {
  return Object.fromEntries(
    Object.entries(admissions).map(([track, { admitted, code }]) => [
      track,
      {
        admitted,
        ...((!admitted || code === "break-glass") && { code }),
        ...(admitted && track === "stable" && verdict && ageOf(verdict)),
      },
    ]),
  );
}

function ageOf({ hours }: VerdictAge) {
  return hours === "assumed" ? { assumed: true } : { verdictHours: hours };
}
