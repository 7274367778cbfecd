/** The object of the Lease of a rollout: how it is read, written and named in a sentence. */

import { oneLine } from "../border/foreign-text.ts";
import { leaseDefaults } from "../components/defaults.ts";
import { serviceLabel } from "../components/names.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { LeaseObject, LeaseSpec } from "../kubernetes/objects/lease.ts";
import { listPath, objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { isGone, showHolder } from "./holder.ts";
import { lasting, parseIdentity } from "./lease-acquisition.ts";

/** The holder of a rollout's Lease, as other processes see it. */
export interface Driver {
  /** Its name, as the beginning of a sentence. */
  readonly name: string;
  /** The resourceVersion of the Lease, which changes with each renewal. */
  readonly version: string | undefined;
  /** When it was last renewed, by the holder's clock; RFC 3339. For people: no decision depends on it. */
  readonly renewed: string | undefined;
  /** How long it lasts after a renewal, in milliseconds. */
  readonly lasts: number;
  /** Whether its process is known to have ended. */
  readonly gone: boolean;
}

/**
 * The holder of the Lease; undefined if it is free.
 *
 * @throws ApiError or UserError if it cannot be read
 */
export async function readDriver(of: ServiceHandle): Promise<Driver | undefined> {
  const found = await of.api.get(leasePath(of));
  const identity = found?.spec?.holderIdentity;
  if (!found || !identity) return undefined;
  const holder = parseIdentity(identity);
  return {
    name: showLeaseHolder(found.spec),
    version: found.metadata.resourceVersion,
    renewed: found.spec?.renewTime?.replace(/\.\d+/, ""),
    lasts: lasting(found.spec),
    gone: holder !== undefined && isGone(holder),
  };
}

/**
 * Deletes the Lease of a service.
 *
 * @throws ApiError or UserError if it cannot be deleted
 */
export async function deleteLease(of: ServiceHandle): Promise<void> {
  await of.api.delete(leasePath(of));
}

/** Name of the Lease, for example `web-rollout`. */
export function leaseName(service: string): string {
  return `${service}-rollout`;
}

/** Path of the Lease of a service. */
export function leasePath({ namespace, service }: ServiceHandle) {
  return objectPath("Lease", namespace, leaseName(service));
}

/**
 * Replaces the Lease that was read, or creates it. @throws ApiError with 409 or 404 if another process wrote in between
 */
export function writeLease(of: ServiceHandle, found: LeaseObject | undefined, spec: LeaseSpec) {
  const { api, namespace, service } = of;
  const object = {
    ...typeOf("Lease"),
    metadata: {
      ...found?.metadata,
      name: leaseName(service),
      namespace,
      labels: { ...found?.metadata.labels, app: service, [serviceLabel]: service },
    },
    spec,
  };
  return found ? api.replace(leasePath(of), object) : api.create(listPath("Lease", namespace), object);
}

/**
 * Whether another process wrote in between. For a Lease that was not there, 404 means that the namespace does not
 * exist.
 */
export function isOvertaken(error: unknown, found: LeaseObject | undefined): boolean {
  return error instanceof ApiError && (error.status === 409 || (error.status === 404 && found !== undefined));
}

/** The spec of a Lease that is acquired now. */
export function taken(before: LeaseSpec | undefined, identity: string): LeaseSpec {
  const now = microTime();
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: leaseDefaults.durationSeconds,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: before ? (before.leaseTransitions ?? 0) + 1 : 0,
  };
}

/** The time of day in the format of a Lease, which must have six fractional digits. */
export function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

/** The holder of a Lease, as the beginning of a sentence. */
export function showLeaseHolder({ holderIdentity = "" }: LeaseSpec = {}): string {
  const holder = parseIdentity(holderIdentity);
  return oneLine(holder ? showHolder(holder) : `"${holderIdentity}"`);
}
