import { pollingDefaults } from "../analysis/defaults.ts";
import type { Pod } from "../analysis/reading.ts";

/** What a look saw of who is sent to canary, and of who would answer. */
export interface Sighting {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** Absent where they could not be listed. */
  readonly pods?: readonly Pod[];
  /** Share of user traffic that is meant for canary; undefined where that is not known. */
  readonly share?: number;
}

/**
 * Notices that users are sent to a canary which has no ready pod: a gateway answers its whole share with errors then. No
 * verdict, as there may be no number at all, but a reason to cut (design: safety).
 *
 * 1. It has to last for `emptySeconds`, because a single pod may be between two probes.
 * 2. Nothing follows from a look that could not be made; after a long time without one it begins anew.
 * 3. Traffic by number of pods is never empty: what is not ready gets none.
 * 4. Stable has to have a ready pod: taking users from nobody to nobody helps nobody.
 */
export class EmptyCanary {
  private since: number | undefined;
  private looked: number | undefined;

  /** @returns whether it is time to cut */
  look({ at, pods, share }: Sighting): boolean {
    if (!pods || share === undefined) return false;
    const blind = this.looked !== undefined && at - this.looked > 3000 * pollingDefaults.tickSeconds;
    this.looked = at;
    const empty = share > 0 && !hasReady(pods, "canary");
    this.since = empty ? (blind ? at : (this.since ?? at)) : undefined;
    return (
      this.since !== undefined && at - this.since >= pollingDefaults.emptySeconds * 1000 && hasReady(pods, "stable")
    );
  }

  /** Whether users are sent to a canary without a ready pod, since the last look. */
  get suspected(): boolean {
    return this.since !== undefined;
  }
}

/** Whether a track has a pod that can answer. */
function hasReady(pods: readonly Pod[], track: string): boolean {
  return pods.some((pod) => pod.track === track && pod.ready && !pod.terminating);
}
