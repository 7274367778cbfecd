import { answersOf } from "../../analysis/arms.ts";
import type { Tick } from "../../analysis/tick.ts";

/**
 * A rule of the kind that other tools' documentation gives: an absolute limit on canary's own success rate in a window, and
 * the number of failed checks after which it is rolled back.
 */
export interface Threshold {
  readonly name: string;
  /** Seconds of a window, which is also the time between two checks. */
  readonly window: number;
  /** A check fails below this share of answers that are not 5xx. */
  readonly success: number;
  /** Checks that may fail in all before the one that rolls back. */
  readonly tolerated: number;
}

/**
 * Flagger, docs/gitbook/usage/metrics and how-it-works: `request-success-rate` at least 99, interval 1m, threshold 5, and 10 in
 * its tutorials. Argo Rollouts, features/analysis: `result[0] >= 0.95`, interval 5m, failureLimit 3.
 */
export const thresholds: readonly Threshold[] = [
  { name: "Flagger: 99 %, 1 min, threshold 5", window: 60, success: 0.99, tolerated: 4 },
  { name: "Flagger: 99 %, 1 min, threshold 10", window: 60, success: 0.99, tolerated: 9 },
  { name: "Argo: 95 %, 5 min, failureLimit 3", window: 300, success: 0.95, tolerated: 3 },
];

/** When a rule rolls canary back, and after how many of its bad answers. */
export class ThresholdWatch {
  /** Seconds, and canary's bad answers until then; absent while it has not rolled back. */
  rolledBack: { readonly at: number; readonly bad: number } | undefined;
  private readonly rule: Threshold;
  private requests = 0;
  private failed = 0;
  private bad = 0;
  private failures = 0;

  constructor(rule: Threshold) {
    this.rule = rule;
  }

  observe(tick: Tick): void {
    if (this.rolledBack) return;
    const canary = tick.targets.find(({ release }) => release === "B");
    if (!canary) return;
    const { requests, failed } = answersOf(canary);
    this.requests += requests;
    this.failed += failed;
    this.bad += failed;
    const at = tick.at / 1000;
    if (at % this.rule.window !== 0) return;
    if (this.requests > 0 && 1 - this.failed / this.requests < this.rule.success) this.failures++;
    [this.requests, this.failed] = [0, 0];
    if (this.failures > this.rule.tolerated) this.rolledBack = { at, bad: this.bad };
  }
}
