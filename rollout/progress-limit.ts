/** Ends a run that makes no progress: a provider's request to the cluster has no time limit, and may hang. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../components/user-error.ts";

/** Milliseconds between two checks whether the run has made progress. */
const pollMilliseconds = 1000;
/**
 * Milliseconds without progress that any run may take, beyond the progress deadline: a program that compiles, a request
 * that is slow.
 */
const slackMilliseconds = 120_000;

/** A run, and how long it may go without progress. */
export interface LimitedRun {
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** What runs, for the user, e.g. `pulumi up --stack prod`. */
  readonly name: string;
  /**
   * Seconds for which the objects that the run waits for may make no progress: a Deployment's
   * `progressDeadlineSeconds`. Asked as late as possible, because the run may change it. Undefined if it is unknown now:
   * the run then goes on. An error ends the run.
   */
  readonly deadlineSeconds: (signal: AbortSignal) => Promise<number | undefined>;
  /**
   * The run.
   *
   * @param signal ends it, also by the limit
   * @param progressed is called whenever the run, or what it waits for, makes progress
   */
  readonly run: (signal: AbortSignal, progressed: () => void) => Promise<void>;
}

/**
 * Runs something, and ends it once it has made no progress for its deadline and two minutes more. The time is counted
 * in polls, so that a process that was stopped for a while does not take that time for a run that hangs. The time that
 * the question for the deadline takes does not count.
 *
 * @throws UserError if it was ended for that; any error of the run, or of `deadlineSeconds`
 * @example await withProgressLimit({ signal, name: "pulumi up", deadlineSeconds: async () => 600, run: (ends) => up(ends) });
 */
export async function withProgressLimit({ signal, name, deadlineSeconds, run }: LimitedRun): Promise<void> {
  const over = new AbortController();
  const hung = new AbortController();
  let idle = 0;
  const watching = (async () => {
    while (!over.signal.aborted && !hung.signal.aborted) {
      await sleep(pollMilliseconds, undefined, { signal: over.signal }).catch(() => {});
      idle += pollMilliseconds;
      if (idle <= slackMilliseconds) continue;
      const seconds = await deadlineSeconds(over.signal).catch((error) => {
        hung.abort(error);
        return undefined;
      });
      if (seconds === undefined || idle <= slackMilliseconds + seconds * 1000) continue;
      hung.abort(hanging(name, idle));
    }
  })();
  try {
    await run(AbortSignal.any([signal, hung.signal]), () => {
      idle = 0;
    });
  } catch (error) {
    throw hung.signal.aborted && !signal.aborted ? hung.signal.reason : error;
  } finally {
    over.abort();
    await watching;
  }
}

function hanging(name: string, milliseconds: number): UserError {
  const minutes = Math.round(milliseconds / 60_000);
  return new UserError(
    `${name} made no progress for ${minutes} min and was ended, since a request to the cluster may hang: check the network between this machine and the cluster.`,
  );
}
