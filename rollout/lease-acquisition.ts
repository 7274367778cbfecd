import { randomUUID } from "node:crypto";
import { leaseDefaults } from "../components/defaults.ts";
import type { Holder } from "./holder.ts";

/** As much of a Lease (coordination.k8s.io/v1) as is used here. */
export interface LeaseObject {
  readonly metadata: { readonly resourceVersion?: string; readonly labels?: Record<string, string> };
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Absent where nobody has it. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  /** By the clock of whoever has it, as a MicroTime: for people, nothing is decided by it. */
  readonly acquireTime?: string;
  /** As `acquireTime`. */
  readonly renewTime?: string;
  /** How often it went from one to another. */
  readonly leaseTransitions?: number;
}

/** What somebody who wants the lease saw of it first. */
export interface LeaseObservation {
  /** Its resourceVersion; undefined where there was none. */
  readonly version: string | undefined;
  /** When it had been read, in milliseconds of the own clock. */
  readonly at: number;
}

/** Take it, leave it to whoever is alive, or look again: for so many milliseconds more. */
export type Acquisition =
  | { readonly kind: "take" }
  | { readonly kind: "leave" }
  | { readonly kind: "wait"; readonly milliseconds: number };

/**
 * Whether the lease may be taken.
 *
 * 1. There is none, or nobody has it: yes.
 * 2. The process that has it is gone from this very machine: yes.
 * 3. It was written since it was first seen: no, somebody is alive.
 * 4. It was not, for as long as it lasts and a margin: yes. That is measured by one clock; clocks are never compared.
 * 5. Otherwise that is still to be seen.
 *
 * @param now when it was read, by the same clock as the sight
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

/** Seconds that a lease lasts at most, whatever somebody wrote into it: longer than that no command waits for a dead driver. */
const longestSeconds = 60;

/** For how many milliseconds a lease lasts after a renewal. */
export function lasting({ leaseDurationSeconds = leaseDefaults.durationSeconds }: LeaseSpec = {}): number {
  return Math.min(Math.max(leaseDurationSeconds, 1), longestSeconds) * 1000;
}

/** A holder as a lease names it. Each taking has an identity of its own, so that two of one process are told apart; one that is had again keeps it. */
export function identityOf({ host, pid, started, machine }: Holder): string {
  return [host, pid, started, machine, randomUUID().slice(0, 8)].join("/");
}

/** Undefined where somebody else's tool wrote it. */
export function parseIdentity(identity: string): Holder | undefined {
  const [host = "", pid = "", started = "", machine = "", taking, ...rest] = identity.split("/");
  const ours = taking !== undefined && rest.length === 0 && /^[1-9]\d*$/.test(pid) && machine !== "";
  return ours ? { host, pid: Number(pid), started, machine } : undefined;
}
