/** What the program hands to its hooks and to the last steps before they run. */

import type { StackState } from "../components/history.ts";
import type { Track } from "../components/traffic.ts";
import type { RecordedService } from "../record/record-store.ts";

/** The service that the hooks guard, and what the program knows about it that is not in the cluster. */
export interface Guarded extends RecordedService {
  /** The stack's state when the program ran. */
  readonly own: StackState | undefined;
  /** Whether the state of stable's stack shows that stable ever ran completely. */
  readonly stableHasHistory: boolean;
  /** The reason of a break-glass override (GRAY_BREAK_GLASS). */
  readonly breakGlass: string | undefined;
  /** The epoch of the driver that runs this `up` (GRAY_EPOCH). */
  readonly epoch: number | undefined;
  /** The longest time that a whole roll of each track may take, in seconds. */
  readonly rollSeconds: Readonly<Record<Track, number>>;
}
