/** Restores releases that are not stored in the cluster any more. */

import type { Files } from "../components/config-files.ts";
import type { StackState } from "../components/history.ts";
import type { Release } from "../components/release.ts";
import { understoodRelease } from "../components/stored-release.ts";
import { tracks } from "../components/traffic.ts";
import { isComplete, type Live, ownReleaseOf } from "../live/live.ts";
import { rebuiltRelease } from "../live/rebuilt.ts";
import type { RecordReading } from "../record/record.ts";
import { ran } from "./stack-state.ts";

/**
 * The releases that are not stored, from the copies in the stack state and from the live Deployments that have run them completely, as far as
 * their files are there.
 *
 * @param own the state of this stack
 * @param stored the releases that are stored
 * @param files the files of the live ConfigMaps, by their names
 */
export function restoredReleases(
  live: Live,
  own: StackState | undefined,
  record: RecordReading,
  stored: readonly Release[],
  files: Readonly<Record<string, Files>>,
): Release[] {
  const isStored = (id: string) => stored.some((release) => release.id === id);
  return [...copiedReleases(own, isStored, files), ...rebuiltReleases(live, own, record, isStored, files)];
}

/** The releases that are not stored, of which the stack state has a copy, as far as their files are there. */
function copiedReleases(
  own: StackState | undefined,
  isStored: (id: string) => boolean,
  files: Readonly<Record<string, Files>>,
): Release[] {
  return Object.entries(own?.copies ?? {}).flatMap(([id, release]) => {
    if (isStored(id)) return [];
    try {
      return [understoodRelease(id, { release }, (name) => files[name])];
    } catch {
      // It is reported as gone or damaged.
      return [];
    }
  });
}

/** The releases that are not stored and that the live Deployments have run completely, as far as they can be rebuilt. */
function rebuiltReleases(
  live: Live,
  own: StackState | undefined,
  record: RecordReading,
  isStored: (id: string) => boolean,
  files: Readonly<Record<string, Files>>,
): Release[] {
  return tracks.flatMap((track) => {
    const deployment = live.deployments[track];
    const id = ownReleaseOf(deployment);
    if (deployment === undefined || id === undefined || isStored(id)) return [];
    const hasRun = isComplete(deployment) || ran(track, record, own).includes(id);
    return (hasRun && rebuiltRelease(deployment, (name) => files[name])) || [];
  });
}
