/** Rolls a rollout back: users first, then diagnostics, then both tracks. */
import { byEvidence } from "../record/verdict-merge.ts";
import type { DriveContext } from "./drive-context.ts";
import { bestEffort, effect, holdStuck, pauseBeforeAgain, untilDone } from "./effect.ts";
import { type End, endOf } from "./end.ts";
import { type Rollout, withOwnWeight } from "./rollout.ts";
import { rollsStable } from "./stage.ts";
import { cutOffUsers } from "./user-cutoff.ts";
import { answered, answeredBesideRecord, read, write } from "./waiting.ts";

/**
 * Rolls back: first the users, then diagnostics, then both tracks to the former release of stable. If it is started
 * again, it repeats all of it.
 */
export async function rollBack(context: DriveContext, begun: Rollout, reason: string): Promise<End> {
  const { actuator } = context;
  const { release, from } = begun;
  const rollbackRequested = begun.rollbackRequested ?? { by: byEvidence, reason, at: new Date().toISOString() };
  // It holds no longer.
  const back = ({ stoppedReason: _, ...rollout }: Rollout): Rollout => ({
    ...rollout,
    rollbackRequested: rollout.rollbackRequested ?? rollbackRequested,
    weight: 0,
    runs: { canary: from, stable: from },
  });
  const off = await cutOffUsers(context, back);
  const returning = { ...context, isReturning: true };
  await bestEffort(returning, {
    name: "scaling canary to zero",
    to: back,
    run: (rollout) => actuator.drainCanary(rollout),
  });
  await rollStableBack(returning);
  // Now stable serves.
  if (!off) await cutOffUsers(context, back);
  const canaryProblem = await rollCanaryBack({ ...returning, isStableBack: true });
  const finalReason =
    canaryProblem === undefined ? reason : `${reason}; canary could not be rolled back: ${canaryProblem}`;
  const ended = { ...endOf(begun), outcome: "undone" as const, reason: finalReason };
  await answered(returning, () => context.store.close(ended, { [release]: from }));
  return { kind: "undone", reason: finalReason };
}

/**
 * Brings canary to stable's release, with the program's weight. If its pods cannot start, the rollback ends without it,
 * because users are on stable.
 *
 * @returns why canary could not be rolled back; undefined if it was
 */
async function rollCanaryBack(context: DriveContext): Promise<string | undefined> {
  const { actuator } = context;
  const what = {
    name: "rollback of canary",
    to: withOwnWeight,
    run: (rollout: Rollout, signal: AbortSignal) => actuator.bringCanary(rollout, signal),
  };
  for (;;) {
    const result = await effect(context, { ...what, track: "canary" });
    if (result.kind !== "failed") return undefined;
    if (result.cannotSucceed) return result.reason;
    holdStuck(context, what, result.reason);
    await pauseBeforeAgain(context, what, result.reason);
  }
}

/**
 * Rolls stable back to its release from before the rollout: first with all pods at once, then with its own rolling
 * settings. The record has `fastRollback`, true or false, until both are done.
 * It stops as soon as the rollout itself has to roll back. Where the rollout has not changed stable, its pods may be broken for
 * reasons of their own, so nothing is awaited of them: otherwise no rollout over a broken stable could end.
 */
export async function rollStableBack(context: DriveContext): Promise<void> {
  const { rollout } = await read(context);
  const isChanged = rollout.steps.slice(0, rollout.step + 1).some(rollsStable);
  const isRestored = await answeredBesideRecord(context, () => context.actuator.stableRuns(rollout.from, isChanged));
  if (isRestored && rollout.fastRollback === undefined) return;
  for (const fastRollback of [true, false]) {
    const what = {
      name: fastRollback ? "rollback of stable" : "restoring the rolling update settings of stable",
      to: (each: Rollout) => ({ ...each, fastRollback, runs: { ...each.runs, stable: each.from } }),
      run: (each: Rollout, signal: AbortSignal) => context.actuator.bringStable(each, signal),
      track: "stable" as const,
    };
    if (!(await untilDone(context, what))) return;
  }
  await write(context, ({ fastRollback: _, ...each }) => each);
}
