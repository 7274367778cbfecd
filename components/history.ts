/** The stack state of a service, and which releases its history keeps. */
import type { Files } from "./config-files.ts";
import type { Release } from "./release.ts";
import type { Shift, Track } from "./traffic.ts";

/**
 * What a stack stores about a service from one run to the next: the input of the Stash `<service>-state`, which is written once the stack's
 * Deployments run their releases completely. The releases themselves are in the cluster (record/release-store.ts).
 *
 * @example
 * const state: StackState = { namespace: "shop", cluster: uid, owner, current: { canary: id }, history: [id] };
 */
export interface StackState {
  readonly namespace: string;
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
  /** Ids of the releases that can still start pods, newest first. A stack without canary has only its own and the one before. */
  readonly history: readonly string[];
  /**
   * Release id -> the text with which the release is stored in the cluster, from which its ConfigMap is made again if it is gone. Of the releases in
   * the history; in a stack without canary, also of the one that stable ran before. @default none
   */
  readonly copies?: Readonly<Record<string, string>>;
}

/** The key of a service: its namespace and name. @example serviceKey("dora-apps", "web") // "dora-apps/web" */
export function serviceKey(namespace: string, service: string): string {
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
