/** Which releases the history holds after this run. Pure. */

import { defaults } from "../components/defaults.ts";
import { remember, type StackState } from "../components/history.ts";
import { previousAnnotation } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import type { ServiceArgs } from "../components/service-args.ts";
import { storedReleaseName } from "../components/stored-release.ts";
import type { Track } from "../components/traffic.ts";
import type { Live } from "../live/live.ts";
import type { Adopted } from "../record/record.ts";
import type { Choice } from "./choice.ts";
import type { StackStates } from "./stack-state.ts";

/**
 * The release history after this run. A stack without canary keeps only its own release and the one before, because canary's stack has the
 * history. Nothing is pruned while a stored release is damaged.
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
  if (!releases.canary) {
    const before = previousOfStable(releases, stackStates.own);
    return [releases.stable, stackStates.history.find(({ id }) => id === before)].flatMap((each) =>
      each && each.id !== adopted?.release ? [each] : [],
    );
  }
  const { releaseHistoryLimit = defaults.releaseHistoryLimit } = args;
  const limit = stackStates.damaged.length > 0 ? Number.POSITIVE_INFINITY : releaseHistoryLimit;
  return remember(stackStates.history, releases.canary, limit, pinned);
}

function previousOfStable({ stable }: Choice["releases"], own: StackState | undefined): string | undefined {
  return own?.current.stable !== stable?.id ? own?.current.stable : own?.previous;
}

/** The id of the release that each track ran completely before the chosen one. */
export function previousOf(
  releases: Choice["releases"],
  own: StackState | undefined,
  live: Live,
): Partial<Record<Track, string>> {
  const { canary } = releases;
  const ofStable = previousOfStable(releases, own);
  const written = live.deployments.canary?.metadata.annotations?.[previousAnnotation];
  const ofCanary = own?.current.canary !== canary?.id ? own?.current.canary : written;
  return {
    ...(ofStable !== undefined && { stable: ofStable }),
    ...(canary && ofCanary !== undefined && { canary: ofCanary }),
  };
}

/** The names of the ConfigMaps of a history: those with its releases, and those that the releases need. */
export function configMapNames(service: string, history: readonly Release[], configMaps: object): string[] {
  return [...new Set([...Object.keys(configMaps), ...history.map(({ id }) => storedReleaseName(service, id))])];
}

/** The warnings of stored releases that are gone or damaged, except those that this run stores again. */
export function lostWarnings(
  service: string,
  { damaged, gone }: Pick<StackStates, "damaged" | "gone">,
  history: readonly Release[],
): string[] {
  const isStored = (id: string) => history.some((release) => release.id === id);
  const nameOf = (id: string) => storedReleaseName(service, id);
  return [
    ...gone
      .filter((id) => !isStored(id))
      .map(
        (id) =>
          `${service}: ConfigMap ${nameOf(id)} is gone, so no track can return to release ${id} unless the program describes it again.`,
      ),
    ...damaged
      .filter(({ id }) => !isStored(id))
      .map(
        ({ id, why }) =>
          `${service}: release ${id} in ConfigMap ${nameOf(id)} cannot be read (${why}), so no track can return to it and the history is not pruned: restore the ConfigMap, or delete it with kubectl.`,
      ),
  ];
}
