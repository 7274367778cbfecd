/** The stack state of a service, with its release history. */
import type { Files } from "./config-files.ts";
import type { Release } from "./release.ts";
import type { Shift, Track } from "./traffic.ts";

/**
 * What a stack stores about a service from one run to the next. It is part of the stack output `releases`, under the
 * service's key.
 *
 * @example
 * ```ts
 * const service = new CanaryService("web", { ...args, rollout });
 * export const releases = { [service.key]: service.stackState };
 * ```
 */
export interface StackState {
  /** UID of the cluster's kube-system namespace. It identifies the cluster, because a stack belongs to one cluster. */
  readonly cluster: string;
  /** The owner id on every object of the stack. Absent in stacks of a version without owner ids. */
  readonly owner?: string;
  /** The id of the release that each track of the stack runs. */
  readonly current: Partial<Record<Track, string>>;
  /** The id of the release that stable ran before, for a rollback that does not need the record. */
  readonly previous?: string;
  /** The last change of canary's share. Absent if the stack does not own the front. */
  readonly shift?: Shift;
  /**
   * The age, in whole hours, that the verdict had when stable took its current release. `assumed` in `gray plan`, which
   * assumes a good verdict.
   */
  readonly verdict?: { readonly release: string; readonly hours: number | "assumed" };
  /** Whether stable's Deployment is an adopted one. */
  readonly adopted?: boolean;
  /** The releases that can still start pods, newest first. Their ConfigMaps are retained. */
  readonly history: readonly Release[];
}

/** The key of a service in the stack output `releases`. @example stackStateKey("dora-apps", "web") // "dora-apps/web" */
export function stackStateKey(namespace: string, service: string): string {
  return `${namespace}/${service}`;
}

/**
 * The history after a run of `release`: this release first, then the newest others.
 *
 * @param limit number of releases in the result, without the pinned ones beyond it
 * @param pinned ids of releases that stay beyond the limit: those that stable runs or last ran completely
 * @example remember(history, release, 10, [idOfStable])[0] // release
 */
export function remember(
  history: readonly Release[],
  release: Release,
  limit: number,
  pinned: readonly (string | undefined)[],
): Release[] {
  const others = history.filter((other) => other.id !== release.id);
  return [release, ...others.filter((other, i) => i < limit - 1 || pinned.includes(other.id))];
}

/**
 * The ConfigMaps to retain: those of every release in the history, and those that a live pod still mounts.
 *
 * @example configMapsToKeep(history, {})
 */
export function configMapsToKeep(history: readonly Release[], inUse: Record<string, Files>): Record<string, Files> {
  return Object.assign({}, inUse, ...history.map((release) => release.configMaps));
}
