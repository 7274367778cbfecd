import { resolveStep, usualSteps } from "../../components/step.ts";
import type { Rollout } from "../../rollout/rollout.ts";

/** A rollout that bob began, at its first step. @param from what stable runs */
export function openRollout(release: string, from: string, more: Partial<Rollout> = {}): Rollout {
  return {
    epoch: 1,
    release,
    from,
    weight: 0,
    runs: { canary: from, stable: from },
    by: "bob",
    began: "2026-01-01T00:00:00.000Z",
    steps: usualSteps(10).map((step) => resolveStep(step, [])),
    step: 0,
    ...more,
  };
}

/** The same, at a step that waits for a person, so that its driver holds at once. */
export function waitingRollout(release: string, from: string, more: Partial<Rollout> = {}): Rollout {
  const steps = [resolveStep({ stage: "dark", approval: true }, []), resolveStep({ stage: "full" }, [])];
  return openRollout(release, from, { steps, ...more });
}
