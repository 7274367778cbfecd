/** Detects a canary that has users but no ready pod. */
import { pollingDefaults } from "../analysis/defaults.ts";
import type { Pod } from "../analysis/reading.ts";

/** The result of one poll: the traffic to canary, and the pods of both tracks. */
export interface CanaryTraffic {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** Absent if they could not be listed. */
  readonly pods?: readonly Pod[];
  /** Share of user traffic that is routed to canary; undefined if it is unknown. */
  readonly share?: number;
}

/**
 * Detects that users are routed to a canary without a ready pod: a gateway answers that whole share with errors. It
 * gives no verdict, as there may be no numbers at all, but it is a reason to cut off canary (design: safety).
 *
 * 1. The state must last for `emptySeconds`, because a single pod may be unready between two probes.
 * 2. A failed poll changes nothing. After a long time without a poll the time starts anew.
 * 3. In replica mode canary is never empty: a pod that is not ready gets no traffic.
 * 4. Stable must have a ready pod: otherwise a cutoff would move users from one empty track to another.
 */
export class EmptyCanary {
  private since: number | undefined;
  private lastPoll: number | undefined;

  /** Takes a poll. @returns whether to cut off canary now */
  update({ at, pods, share }: CanaryTraffic): boolean {
    if (!pods || share === undefined) return false;
    const isLate = this.lastPoll !== undefined && at - this.lastPoll > 3000 * pollingDefaults.tickSeconds;
    this.lastPoll = at;
    const empty = share > 0 && !hasReady(pods, "canary");
    this.since = empty ? (isLate ? at : (this.since ?? at)) : undefined;
    return (
      this.since !== undefined && at - this.since >= pollingDefaults.emptySeconds * 1000 && hasReady(pods, "stable")
    );
  }

  /** Whether the last poll found users on a canary without a ready pod. */
  get suspected(): boolean {
    return this.since !== undefined;
  }
}

/** Whether a track has a ready pod. */
function hasReady(pods: readonly Pod[], track: string): boolean {
  return pods.some((pod) => pod.track === track && pod.ready && !pod.terminating);
}
