/** Which releases the stack state holds after this run. Pure. */

import { defaults } from "../components/defaults.ts";
import { remember, type StackState } from "../components/history.ts";
import type { Release } from "../components/release.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import type { Adopted } from "../record/record.ts";
import type { Choice } from "./choice.ts";
import type { StackStates } from "./stack-state.ts";

/**
 * The release history after this run. A stack without canary stores only its own release, because canary's stack has the history.
 *
 * @param pinned ids of releases that stay beyond the limit
 */
export function storedReleases(
  args: ServiceArgs,
  releases: Choice["releases"],
  stackStates: StackStates,
  adopted: Adopted | undefined,
  pinned: readonly (string | undefined)[],
): readonly Release[] {
  // There is no rollback to the adopted release, because its pods do not have our labels.
  if (!releases.canary)
    return [releases.stable].flatMap((each) => (each && each.id !== adopted?.release ? [each] : []));
  const { releaseHistoryLimit = defaults.releaseHistoryLimit } = args;
  return remember(stackStates.history, releases.canary, releaseHistoryLimit, pinned);
}

/** The id of the release that stable ran before the chosen one. */
export function previousOf(releases: Choice["releases"], own: StackState | undefined): string | undefined {
  const changes = own?.current.stable !== releases.stable?.id;
  return changes ? own?.current.stable : own?.previous;
}
