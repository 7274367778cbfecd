/** Decides whether a driver may acquire the Lease of a rollout. */

import { randomUUID } from "node:crypto";
import { leaseDefaults } from "../components/defaults.ts";
import type { LeaseObject, LeaseSpec } from "../kubernetes/objects/lease.ts";
import type { Holder } from "./holder.ts";

/** The first observation of a lease that a process wants to acquire. */
export interface LeaseObservation {
  /** Its resourceVersion; undefined if there was no Lease. */
  readonly version: string | undefined;
  /** When it was read, in milliseconds of this process's clock. */
  readonly at: number;
}

/** Whether to take the lease, to leave it to its live holder, or to wait and read it again. */
export type Acquisition =
  | { readonly kind: "take" }
  | { readonly kind: "leave" }
  | { readonly kind: "wait"; readonly milliseconds: number };

/**
 * Whether the lease may be acquired.
 *
 * 1. There is no Lease, or it is free: yes.
 * 2. Its holder ran on this machine and has ended: yes.
 * 3. It was written since the first observation: no, its holder is alive.
 * 4. It was not written for its duration and a margin: yes. One clock measures this time; clocks of two machines are
 *    never compared.
 * 5. Otherwise it is too early to decide.
 *
 * @param now when it was read, by the same clock as the observation
 */
export function acquisition(
  found: LeaseObject | undefined,
  seen: LeaseObservation,
  now: number,
  isGone: (holder: Holder) => boolean,
): Acquisition {
  const identity = found?.spec?.holderIdentity;
  if (!identity) return { kind: "take" };
  const holder = parseIdentity(identity);
  if (holder && isGone(holder)) return { kind: "take" };
  if (found.metadata.resourceVersion !== seen.version) return { kind: "leave" };
  const milliseconds = seen.at + lasting(found.spec) + leaseDefaults.marginSeconds * 1000 - now;
  return milliseconds > 0 ? { kind: "wait", milliseconds } : { kind: "take" };
}

/** Longest duration of a lease in seconds, whatever its spec holds: no command waits longer for a dead driver. */
const longestSeconds = 60;

/** How long a lease lasts after a renewal, in milliseconds. */
export function lasting({ leaseDurationSeconds = leaseDefaults.durationSeconds }: LeaseSpec = {}): number {
  return Math.min(Math.max(leaseDurationSeconds, 1), longestSeconds) * 1000;
}

/**
 * The identity of a holder in a lease. Each acquisition has a unique identity, so that two of one process differ;
 * acquiring a lost lease again keeps its identity.
 */
export function identityOf({ host, pid, started, machine }: Holder): string {
  return [host, pid, started, machine, randomUUID().slice(0, 8)].join("/");
}

/** The holder with an identity; undefined if another tool wrote it. */
export function parseIdentity(identity: string): Holder | undefined {
  const [host = "", pid = "", started = "", machine = "", taking, ...rest] = identity.split("/");
  const ours = taking !== undefined && rest.length === 0 && /^[1-9]\d*$/.test(pid) && machine !== "";
  return ours ? { host, pid: Number(pid), started, machine } : undefined;
}
