import type { RolloutScreen } from "../../../cli/output/rollout-screen.ts";
import { resolveStep } from "../../../components/step.ts";
import type { Evaluation } from "../../../evaluation/assess.ts";
import type { Move } from "../../../rollout/move.ts";
import type { Rollout } from "../../../rollout/rollout.ts";
import { openRollout } from "../../fake/open-rollout.ts";

/** The new and the former release of the recorded screens. */
export const [b, a] = ["b".repeat(12), "a".repeat(12)];
/** When the screens are drawn, in milliseconds since the epoch. */
export const now = Date.parse("2026-01-01T00:05:00Z");

const inForce = "2026-01-01T00:03:00Z";
const steps = [
  resolveStep({ stage: "dark" }, ["GET /healthz"]),
  resolveStep({ stage: "canary", weight: 10 }, []),
  resolveStep({ stage: "full" }, []),
];

/** An evaluation of both releases. @param perSecond requests of each release; undefined if no pod runs it */
export function evaluation(
  perSecond: Readonly<Record<string, number | undefined>>,
  verdict: Evaluation["assessment"]["verdict"] = "undecided",
  reason = "undecided, no trouble seen; about 28 s more at this pace (9 measures still open, slowest: answers over 10 ms)",
): Evaluation {
  const targets = Object.entries(perSecond).flatMap(([release, requests = 0]) =>
    requests === 0 ? [] : [{ target: release, release, pod: true, requests: { 200: 5 * requests, 503: 1 }, pairs: {} }],
  );
  const tick = { at: now, seconds: 5, targets, pods: [], problems: [] };
  return {
    poll: { at: now, tick },
    assessment: { verdict, reason, logWorse: 0, pValue: 1, findings: [] },
  };
}

/** A screen of service web. */
export function screen(move: Move, rollout: Partial<Rollout>, more: Partial<RolloutScreen> = {}): RolloutScreen {
  return {
    of: { service: "web", namespace: "shop" },
    rollout: openRollout(b, a, { steps, ...rollout }),
    move,
    since: now - 12_000,
    progress: [],
    ...more,
  };
}

/** The screens of a rollout, in its order. */
export const screens = {
  applying: screen(
    { kind: "enter" },
    { step: 0 },
    { progress: ["  kubernetes:apps/v1:Deployment web-canary updating (12s) [diff: ~spec]; waiting for 1 of 2 pods"] },
  ),
  checking: screen({ kind: "check", names: ["GET /healthz"] }, { step: 0, stepStartedAt: inForce }),
  observing: screen(
    { kind: "observe", reason: "undecided, no trouble seen" },
    { step: 1, stepStartedAt: inForce, weight: 10 },
    { evaluation: evaluation({ [b]: 6.1, [a]: 54 }) },
  ),
  holding: screen(
    {
      kind: "hold",
      reason:
        "no decision within 15 min: canary answers 5xx in 0.4 % of 1 200 requests, up to 3.1 times as often as stable, but good needs less than 2 times as often",
      remedies: ["approve", "keep observing", "roll back"],
    },
    { step: 1, stepStartedAt: inForce, weight: 10 },
    { evaluation: evaluation({ [b]: 6.1, [a]: 54 }) },
  ),
  rollingBack: screen(
    { kind: "rollback", reason: "canary answers 5xx 4.8 times as often as stable" },
    { step: 1, stepStartedAt: inForce, weight: 0 },
    { evaluation: evaluation({ [a]: 60 }, "bad", "canary answers 5xx 4.8 times as often as stable") },
  ),
  promoted: screen(
    { kind: "observe", reason: "watching for another 3 min" },
    { step: 2, stepStartedAt: inForce, weight: 10 },
    {
      evaluation: evaluation(
        { [b]: 60 },
        "good",
        "each of 12 measures is surely less than 2 times as bad as on stable",
      ),
    },
  ),
} as const;
