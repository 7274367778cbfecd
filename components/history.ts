import type { Files } from "./config-files.ts";
import type { Release } from "./release.ts";
import type { Shift, Track } from "./traffic.ts";

/**
 * What a stack remembers of a service between two runs, as a stack output under the service's key. `history` is newest
 * first, and its releases can all start pods: their ConfigMaps are kept.
 */
export interface StackState {
  /** UID of the cluster's kube-system namespace: a stack belongs to one cluster. */
  readonly cluster: string;
  /** The owner id on every object of the stack; absent where a version made them that knew none. */
  readonly owner?: string;
  /** The id of the release that each track of the stack runs. */
  readonly current: Partial<Record<Track, string>>;
  /** The id of the release that stable ran before: a way back that needs no record. */
  readonly previous?: string;
  /** How canary's share came to be what it is, of a stack that owns the front. */
  readonly shift?: Shift;
  /** How old the verdict was, in whole hours, on which stable took the release that it runs. */
  readonly verdict?: { readonly release: string; readonly hours: number | "supposed" };
  /** Whether stable's Deployment is one that was there before us. */
  readonly adopted?: boolean;
  readonly history: readonly Release[];
}

/** Under which name a stack's outputs hold a service. */
export function stackStateKey(namespace: string, service: string): string {
  return `${namespace}/${service}`;
}

/**
 * The history once `release` runs: it comes first, and of the others the newest stay, `limit` in all.
 *
 * @param pinned ids that stay beyond the limit: what stable runs or last ran completely
 */
export function remember(
  history: readonly Release[],
  release: Release,
  limit: number,
  pinned: readonly (string | undefined)[],
): Release[] {
  const others = history.filter((kept) => kept.id !== release.id);
  return [release, ...others.filter((kept, i) => i < limit - 1 || pinned.includes(kept.id))];
}

/** The ConfigMaps to keep: those of every kept release, and any that a live pod still refers to. */
export function configMapsToKeep(history: readonly Release[], inUse: Record<string, Files>): Record<string, Files> {
  return Object.assign({}, inUse, ...history.map((kept) => kept.configMaps));
}
