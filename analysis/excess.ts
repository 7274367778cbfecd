/** Notices a pair whose total does not include its bad events, as one of succeeded and failed items. */
import type { ArmCounts, Target } from "./arms.ts";

/**
 * By how much the bad events of each pair exceed its total of late, in both arms.
 *
 * @example const excess: Excess = { failed: { canary: 50, stable: 0 } };
 */
export type Excess = Readonly<Record<string, Readonly<Record<"canary" | "stable", number>>>>;

/** Bad events above the total from which on they cannot be in the total: an item in progress may be counted as bad first. */
const clearly = 20;

/**
 * The excess after a tick. It falls again as the total catches up, and never below 0, so that a long good time hides nothing.
 *
 * @param pairs names of the pairs
 * @example excessAfter({}, armCountsOf(tick, question), ["failed"]) // { failed: { canary: 0, stable: 0 } }
 */
export function excessAfter(before: Excess, { canary, stable }: ArmCounts, pairs: readonly string[]): Excess {
  return Object.fromEntries(
    pairs.map((name) => [
      name,
      {
        canary: Math.max(0, (before[name]?.canary ?? 0) + excessIn(canary, name)),
        stable: Math.max(0, (before[name]?.stable ?? 0) + excessIn(stable, name)),
      },
    ]),
  );
}

function excessIn(targets: readonly Target[], name: string): number {
  return targets.reduce((sum, { pairs }) => sum + (pairs[name]?.bad ?? 0) - (pairs[name]?.total ?? 0), 0);
}

/**
 * Why a pair cannot be used, as a clause; undefined if each can.
 *
 * @example whyExceeds({ failed: { canary: 50, stable: 0 } }) // "the total of pair failed must include its bad events: canary had …"
 */
export function whyExceeds(excess: Excess): string | undefined {
  for (const [name, { canary, stable }] of Object.entries(excess)) {
    if (Math.max(canary, stable) < clearly) continue;
    const arm = canary >= clearly ? "canary" : "stable";
    return `the total of pair ${name} must include its bad events: ${arm} had more bad events than events in all`;
  }
  return undefined;
}
