import { lookDefaults } from "../analysis/defaults.ts";
import type { Pod } from "../analysis/reading.ts";

/** What a look saw of who canary serves, and by what. */
export interface Service {
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
 * 2. Nothing follows from a look that could not be made, neither for nor against it.
 * 3. Traffic by number of pods is never empty: what is not ready gets none.
 */
export class EmptyCanary {
  private since: number | undefined;

  /** @returns whether it is time to cut */
  look({ at, pods, share }: Service): boolean {
    if (!pods || share === undefined) return false;
    const empty = share > 0 && !hasReadyCanary(pods);
    this.since = empty ? (this.since ?? at) : undefined;
    return this.since !== undefined && at - this.since >= lookDefaults.emptySeconds * 1000;
  }
}

/** Whether canary has a pod that can answer. */
export function hasReadyCanary(pods: readonly Pod[]): boolean {
  return pods.some(({ track, ready, ending }) => track === "canary" && ready && !ending);
}
