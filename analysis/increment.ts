/** What one tick adds to a stream. */
import type { ArmCounts, Target } from "./arms.ts";
import { type Count, sum, type TargetCount } from "./count.ts";

/**
 * The counts of both arms of one stream in one tick.
 *
 * @example
 * ```ts
 * const increment: Increment = {
 *   canary: { events: 3, exposure: 100 },
 *   stable: { events: 9, exposure: 900 },
 *   stablePods: [{ target: "web-1", events: 9, exposure: 900 }],
 *   targets: {
 *     canary: [{ target: "web-canary-1", events: 3, exposure: 100 }],
 *     stable: [{ target: "web-1", events: 9, exposure: 900 }],
 *   },
 * };
 * ```
 */
export interface Increment {
  readonly canary: Count;
  readonly stable: Count;
  /** Stable's counts pod by pod, for the guards; empty where targets are not pods. */
  readonly stablePods: readonly TargetCount[];
  /** The counts target by target, for the spells of failures. @default all counts of an arm are of one target */
  readonly targets?: { readonly canary: readonly TargetCount[]; readonly stable: readonly TargetCount[] };
}

/**
 * The increment of a stream, by the count of each target. An indicator calls it for each of its streams.
 *
 * @example
 * const tick: Tick = { at: 5000, seconds: 5, targets: [], pods: [], problems: [] };
 * const count = ({ failed, requests }: Target): Count => ({ events: failed, exposure: requests });
 * incrementOf({ tick, canary: [], stable: [] }, count).canary; // { events: 0, exposure: 0 }
 */
export function incrementOf(armCounts: ArmCounts, count: (target: Target) => Count): Increment {
  const counts = (targets: readonly Target[]) => targets.map((each) => ({ target: each.target, ...count(each) }));
  const [canary, stable] = [counts(armCounts.canary), counts(armCounts.stable)];
  return {
    canary: sum(canary),
    stable: sum(stable),
    stablePods: stable.filter((_, at) => armCounts.stable[at]?.pod),
    targets: { canary, stable },
  };
}
