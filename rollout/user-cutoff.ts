/** The driver's traffic cutoff: tried until it succeeds, noted in the record if that answers in time. */

import { setTimeout as sleep } from "node:timers/promises";
import { clauseOf } from "../components/user-error.ts";
import { isUnavailable } from "../kubernetes/answer.ts";
import { backoff } from "../kubernetes/backoff.ts";
import { Superseded } from "../record/epoch.ts";
import type { DriveContext } from "./drive-context.ts";
import type { Rollout } from "./rollout.ts";
import { RecordGone } from "./rollout-store.ts";
import { write } from "./waiting.ts";

/**
 * Milliseconds between two attempts at a cutoff. They grow from `first` to `most`, which is the longest that a user
 * waits.
 */
const cutPauses = { first: 100, most: 1000 };
/** Milliseconds for which a cutoff waits for its note in the record. */
const noteMilliseconds = 250;
/** Attempts at a cutoff that are reported one by one; later ones at most once a second. */
const cutAttemptsReported = 10;

/**
 * Moves all users off canary. Neither a limit nor a signal ends it early, and it does not depend on the record, because
 * users come first. After an attempt without an answer the pause grows; any answer resets it. Each attempt is reported.
 *
 * @param to how the record changes before it
 * @returns whether users are off canary: they stay if only canary serves
 * @throws Superseded if another driver has taken over; once users are off canary, RecordGone and errors of the record
 */
export async function cutOffUsers(context: DriveContext, to: (rollout: Rollout) => Rollout): Promise<boolean> {
  const stopping = new AbortController();
  const lasting = { ...context, isReturning: true, signal: stopping.signal };
  const name = "traffic cutoff";
  const begun = write(lasting, (before) => ({ ...to(before), effect: { name, at: new Date().toISOString() } }));
  const isSuperseded = (error: unknown) => {
    if (error instanceof Superseded && !(error instanceof RecordGone)) throw error;
  };
  await Promise.race([begun.then(() => {}, isSuperseded), sleep(noteMilliseconds, undefined, { ref: false })]);
  const stop = () => stopping.abort();
  try {
    const off = await untilCutOff(() => context.actuator.cutOff(context.store.epoch), context.reporter.note);
    // From here on a signal may stop the driver again.
    if (context.signal.aborted) stop();
    context.signal.addEventListener("abort", stop, { once: true });
    await begun;
    await write(lasting, ({ effect: _, ...rest }) => rest);
    return off;
  } finally {
    context.signal.removeEventListener("abort", stop);
    stop();
  }
}

/**
 * Tries a cutoff until it succeeds.
 *
 * @param note receives each failed attempt, a sentence; in a long series at most one a second
 * @returns whether users are off canary
 * @throws Superseded if another driver has taken over
 */
export async function untilCutOff(cutOff: () => Promise<boolean>, note: (sentence: string) => void): Promise<boolean> {
  let unavailable = 0;
  let lastNote = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const off = await cutOff();
      if (off && attempt > 1) note(`Cut off canary at attempt ${attempt}.`);
      return off;
    } catch (error) {
      // On any other error it goes on: ending would leave users on canary.
      if (error instanceof Superseded) throw error;
      unavailable = isUnavailable(error) ? unavailable + 1 : 0;
      if (attempt <= cutAttemptsReported || Date.now() - lastNote >= 1000) {
        lastNote = Date.now();
        note(
          `The cutoff of canary failed at attempt ${attempt} (${clauseOf(error)}): gray tries again until it succeeds.`,
        );
      }
      await sleep(backoff(Math.max(1, unavailable), cutPauses));
    }
  }
}
