/** Reads and changes the record of a service's rollouts, in the ConfigMap `<service>-rollout`. */

import { oneLine } from "../border/foreign-text.ts";
import { understand } from "../components/schema.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { bytesOf, jsonOf } from "./bounds.ts";
import { changeStore, readStore, storeName } from "./config-map-store.ts";
import {
  type Adopted,
  emptyRecord,
  parseRecord,
  type RecordReading,
  type RolloutRecord,
  recordSchema,
} from "./record.ts";
import { bounded, recordBytes } from "./record-retention.ts";
import { fromVersion1 } from "./version-1.ts";

/** Most bytes of a ConfigMap. */
const mapBytes = 1 << 20;

/** A service whose rollouts have a record. */
export interface RecordedService extends ServiceHandle {
  /** UID of the cluster (`clusterId`). The record must carry it: one that was copied from another cluster is unreadable. */
  readonly cluster: string;
}

/** Name of the ConfigMap with a service's record, for example `web-rollout`. */
export function recordName(service: string): string {
  return storeName(service, "rollout");
}

/**
 * Reads the record.
 *
 * @throws ApiError or UserError if the cluster cannot be read
 */
export async function readRecord(of: RecordedService): Promise<RecordReading> {
  const stored = await readStore(of, "rollout");
  return stored === undefined ? { kind: "absent" } : parseRecord(stored.record, of.cluster);
}

/**
 * How the service ran before it was adopted; undefined if it was not adopted, or if the record cannot be read or
 * understood.
 *
 * @throws ApiError or UserError if the cluster does not answer
 */
export async function readAdopted(of: ServiceHandle): Promise<Adopted | undefined> {
  const stored = await readStore(of, "rollout").catch((error: Error) => {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  });
  try {
    return understand(recordSchema, fromVersion1(JSON.parse(stored?.record ?? ""))).adopted;
  } catch {
    return undefined;
  }
}

/**
 * Changes the record, or creates it, without losing another writer's change. Nothing is written if `change` returns the
 * record that it received. The record that is written is `bounded`.
 *
 * @returns the record as it is stored now
 * @throws UserError if the record cannot be read: its content may matter, so it is never overwritten
 */
export async function changeRecord(
  of: RecordedService,
  change: (before: RolloutRecord) => RolloutRecord,
): Promise<RolloutRecord> {
  let written = emptyRecord(of.cluster);
  await changeStore(of, "rollout", (stored) => {
    const reading: RecordReading = stored === undefined ? { kind: "absent" } : parseRecord(stored.record, of.cluster);
    if (reading.kind === "unreadable") throw unreadable(of, reading.why);
    const before = reading.kind === "read" ? reading.record : emptyRecord(of.cluster);
    const changed = change(before);
    if (reading.kind === "read" && changed === before) {
      written = before;
      return undefined;
    }
    const others = bytesOf({ ...stored, record: "" });
    written = bounded(readable(of, changed), Math.min(recordBytes, mapBytes - others));
    return { ...stored, record: jsonOf(written) };
  });
  return written;
}

/**
 * The record with every text truncated to its limit, so that it can be read again.
 *
 * @throws UserError if a field is not valid
 */
function readable({ namespace, service }: ServiceHandle, changed: RolloutRecord): RolloutRecord {
  try {
    return understand(recordSchema, changed);
  } catch (error) {
    throw new UserError(
      `The record ${recordName(service)} in namespace ${namespace} was not changed, because the change would make it unreadable (${oneLine((error as Error).message)}): check the labels and annotations that name releases on the Deployments of ${service}.`,
    );
  }
}

/** The error for a record that cannot be read. */
export function unreadable({ namespace, service }: ServiceHandle, why: string): UserError {
  const name = recordName(service);
  return new UserError(
    `The record ${name} in namespace ${namespace} cannot be read (${why}): restore it; or save it with kubectl get configmap ${name} -n ${namespace} -o yaml, delete it and judge the release again with gray approve.`,
  );
}
