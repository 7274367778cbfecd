/** How a rollout ends, and how a driver does. */
import type { Ended, RolloutRecord } from "../record/record.ts";
import type { Rollout } from "./rollout.ts";

/** How a driver ended. */
export type End =
  | { readonly kind: "promoted" }
  | { readonly kind: "undone"; readonly reason: string }
  | { readonly kind: "held"; readonly reason: string }
  | { readonly kind: "stopped" };

/** The entry of an ended rollout in the record, without its outcome. */
export function endedEntry({ release, from, began, by }: Rollout) {
  return { release, from, began, by, ended: new Date().toISOString() };
}

/** The entry of a rollout that has ended; undefined if it has not, or the record no longer has it. */
export function endOf(
  { release, began }: Pick<Rollout, "release" | "began">,
  record: RolloutRecord,
): Ended | undefined {
  return record.ended?.find((each) => each.began === began && each.release === release);
}

/** How a rollout ended, as a sentence. */
export function describeEnded({ outcome, reason }: Ended): string {
  return {
    promoted: "promoted: stable runs the release",
    undone: `rolled back: ${reason}`,
    superseded: `superseded: ${reason}`,
  }[outcome];
}
