/**
 * Reads and changes the record of a service's rollouts: the ConfigMap `<service>-rollout`, which names the ConfigMaps with its verdicts.
 *
 * 1. A verdict counts from the moment when the record names it. A changed verdict is created first, in a ConfigMap of its own that never
 *    changes, and then the record is replaced, if it is still the version that was read. So a change takes place completely or not at all.
 * 2. A writer that dies between the two, or that is overtaken and whose change is then refused, leaves a verdict that the record does not name and
 *    that does not count. What the record named before stands.
 * 3. The verdicts that the record no longer names are deleted after it was written, with those that such writers left.
 * 4. A verdict that the record names and that is missing or changed is not absent, because it may have been a bad one: it is read as lost, and only a
 *    decision of a person or a bad verdict replaces it.
 */

import { isDeepStrictEqual } from "node:util";
import { oneLine } from "../border/foreign-text.ts";
import { understand } from "../components/schema.ts";
import { UserError } from "../components/user-error.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";
import { bytesOf, jsonOf } from "./bounds.ts";
import { changeStore, Overtaken, readStore, type StoredData, storeName } from "./config-map-store.ts";
import { type Names, type RecordWithNames, withNames } from "./named-verdicts.ts";
import {
  type Adopted,
  emptyRecord,
  parseRecord,
  type RecordReading,
  type RolloutRecord,
  recordSchema,
  storedSchema,
  type Unreadable,
  type Verdict,
} from "./record.ts";
import { bounded, recordBytes } from "./record-retention.ts";
import { byEvidence } from "./verdict-merge.ts";
import { createVerdict, deleteUnnamed, readVerdicts } from "./verdict-store.ts";
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
  for (;;) {
    try {
      return (await readingOf(of, await readStore(of, "rollout"))).reading;
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
  }
}

/**
 * How the service ran before it was adopted; undefined if it was not adopted, or if the record cannot be read or
 * understood.
 *
 * @throws ApiError or UserError if the cluster does not answer
 */
export async function readAdopted(of: ServiceHandle): Promise<Adopted | undefined> {
  const stored = await unlessForbidden(readStore(of, "rollout"), undefined);
  try {
    return understand(storedSchema, fromVersion1(JSON.parse(stored?.record ?? ""))).adopted;
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
  let result: RecordWithNames & { readonly former?: Names } = { record: emptyRecord(of.cluster), names: {} };
  await changeStore(of, "rollout", async (stored) => {
    const { reading, names: former } = await readingOf(of, stored);
    if (reading.kind === "unreadable") throw unreadable(of, reading);
    const before = reading.kind === "read" ? reading.record : emptyRecord(of.cluster);
    const changed = withoutReplacing(change(before), reading);
    if (reading.kind === "read" && changed === before) {
      result = { record: before, names: former, former };
      return undefined;
    }
    const others = bytesOf({ ...stored, record: "" });
    const after = bounded(readable(of, changed), Math.min(recordBytes, mapBytes - others));
    const { created, names, record } = withNames(of.service, { record: before, names: former }, after);
    // A verdict that cannot be read keeps its name until another one replaces it, so that it never counts as absent.
    const lost = reading.kind === "read" ? Object.keys(reading.lost ?? {}) : [];
    const stay = Object.fromEntries(lost.map((release) => [release, former[release] as string]));
    const named = { record, names: { ...stay, ...names } };
    for (const data of created) await createVerdict(of, data);
    result = { ...named, former };
    return { ...stored, version: String(after.version), record: jsonOf({ ...named.record, verdicts: named.names }) };
  });
  const { former, ...named } = result;
  if (!isDeepStrictEqual(named.names, former)) await deleteUnnamed(of, named);
  return named.record;
}

/**
 * The changed record without verdicts that would replace one that cannot be read: that may have been bad. Only a decision of a person or a
 * bad verdict replaces it.
 */
function withoutReplacing(changed: RolloutRecord, reading: RecordReading): RolloutRecord {
  const lost = reading.kind === "read" ? (reading.lost ?? {}) : {};
  const isReplacing = ([release, { by, verdict }]: [string, Verdict]) =>
    release in lost && by === byEvidence && verdict !== "bad";
  const all = Object.entries(changed.verdicts);
  if (!all.some(isReplacing)) return changed;
  return { ...changed, verdicts: Object.fromEntries(all.filter((each) => !isReplacing(each))) };
}

interface NamedReading {
  readonly reading: RecordReading;
  /** The names of the verdicts that have one. */
  readonly names: Names;
}

/**
 * The record in the data of its ConfigMap, with the verdicts that it names. One that cannot be read concerns its release alone, so that
 * neither the other releases nor a rollback depend on it.
 *
 * @throws Overtaken if the record is another one by now, whose writer may have deleted these verdicts
 */
async function readingOf(of: RecordedService, stored: StoredData | undefined): Promise<NamedReading> {
  if (stored === undefined) return { reading: { kind: "absent" }, names: {} };
  const parsed = parseRecord(stored.record, of.cluster);
  if (parsed.kind === "unreadable") return { reading: parsed, names: {} };
  const all = Object.entries(parsed.record.verdicts);
  const names = Object.fromEntries(all.filter((each): each is [string, string] => typeof each[1] === "string"));
  const unnamed = Object.fromEntries(all.filter((each): each is [string, Verdict] => typeof each[1] !== "string"));
  const [first] = Object.keys(unnamed);
  if (first !== undefined && stored.version !== undefined) {
    // Otherwise the right to write the record would be the right to write a decision of a person.
    return { reading: { kind: "unreadable", why: `verdicts.${first}: must be the name of a ConfigMap` }, names };
  }
  const { verdicts, lost } = await readVerdicts(of, names);
  const record: RolloutRecord = { ...parsed.record, verdicts: { ...unnamed, ...verdicts } };
  if (Object.keys(lost).length === 0) return { reading: { kind: "read", record }, names };
  if ((await readStore(of, "rollout"))?.record !== stored.record) throw new Overtaken();
  const whyLost = Object.fromEntries(
    Object.entries(lost).map(([release, why]) => [release, lostVerdict(of, release, names[release] ?? "", why)]),
  );
  return { reading: { kind: "read", record, lost: whyLost }, names };
}

/** Why a verdict cannot be read, and what helps. */
function lostVerdict({ namespace, service }: ServiceHandle, release: string, map: string, why: string): Unreadable {
  const edit = `kubectl edit configmap ${recordName(service)} -n ${namespace}`;
  const remedy = `restore ${map}; or remove ${release} from the verdicts in the record with ${edit}, and judge the release again with gray approve ${release} --reason "…" -n ${namespace} --service ${service}`;
  return { kind: "unreadable", why, remedy };
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
      `The record ${recordName(service)} in namespace ${namespace} was not changed, because the change would make it unreadable (${oneLine((error as Error).message)}): check the label release of the pod templates of its Deployments.`,
    );
  }
}

/** The error for a record that cannot be read. */
export function unreadable({ namespace, service }: ServiceHandle, { why, remedy }: Unreadable): UserError {
  const name = recordName(service);
  const anew = `restore it; or save it with kubectl get configmap ${name} -n ${namespace} -o yaml, delete it and judge the release that gray status shows again with gray approve`;
  return new UserError(`The record ${name} in namespace ${namespace} cannot be read (${why}): ${remedy ?? anew}.`);
}
