/** Lets canary follow stable's number of pods while the driver has nothing else to do. */
import { clauseOf } from "../components/user-error.ts";
import { unlessEnded } from "../kubernetes/unless-ended.ts";
import type { DriveContext } from "./drive-context.ts";
import type { Rollout } from "./rollout.ts";
import { besideRecord, isOfTheCluster, Stopped, unlessBadEvidence } from "./waiting.ts";

/** Milliseconds between two comparisons with stable. An autoscaler decides every 15 s. */
const followMilliseconds = 5000;

/** Keeps canary's number of pods in step with stable's. What it reports, it reports once. */
export class Follower {
  #next = 0;
  #reported: string | undefined;

  /**
   * Compares the tracks if it is time, and scales canary. It never ends a rollout: a failure is reported, and tried again. Evidence that
   * turns bad and a decision in the record interrupt it, so it never delays a cutoff.
   *
   * @throws RollsBack or Superseded as soon as the record or the evidence requires it; Stopped if the driver was stopped
   */
  async follow(context: DriveContext, rollout: Rollout): Promise<void> {
    // An effect that is still noted was interrupted: the step is brought into force again first.
    if (rollout.effect !== undefined || Date.now() < this.#next) return;
    this.#next = Date.now() + followMilliseconds;
    try {
      const sentence = await besideRecord(context, (signal) =>
        // Writes go on after the signal, and nothing may wait for them.
        unlessBadEvidence(context, unlessEnded(signal, context.actuator.followStable(rollout, signal))),
      );
      this.#report(context, sentence);
    } catch (error) {
      if (context.signal.aborted) throw new Stopped();
      if (!isOfTheCluster(error)) throw error;
      this.#report(context, `Canary does not follow stable's number of pods (${clauseOf(error)}): gray tries again.`);
    }
  }

  #report({ reporter }: DriveContext, sentence: string | undefined): void {
    if (sentence !== undefined && sentence !== this.#reported) reporter.note(sentence);
    this.#reported = sentence;
  }
}
