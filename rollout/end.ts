/** How a rollout ends, and how a driver does. */
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
