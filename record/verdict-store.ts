/** Reads and writes the ConfigMaps of their own in which verdicts are stored, each of which never changes. */

import { isDeepStrictEqual } from "node:util";
import { oneLine } from "../border/foreign-text.ts";
import { serviceLabel, verdictLabel } from "../components/names.ts";
import type { Access } from "../kubernetes/access.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { ConfigMapObject } from "../kubernetes/objects/config-map.ts";
import { listPath, objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { within } from "../kubernetes/within.ts";
import { type Names, namesStored, type RecordWithNames } from "./named-verdicts.ts";
import type { Verdict } from "./record.ts";
import { isVerdictName, readVerdict, type VerdictData, verdictName } from "./stored-verdict.ts";

/** Most milliseconds of deleting verdicts after a change, which waits for it. */
const deletingMilliseconds = 1000;

type Stored = ReturnType<typeof readVerdict>;

/**
 * The verdicts that were read or written through a connection, by namespace and name. A name stands for one content, so no verdict is
 * read twice: a driver reads the record several times a second.
 */
const known = new WeakMap<Access, Map<string, Stored>>();

/** Verdicts, and those that are missing or not valid, each by its release. */
export interface VerdictsRead {
  readonly verdicts: Readonly<Record<string, Verdict>>;
  /** Release id -> why its verdict cannot be read, with the name of its ConfigMap. */
  readonly lost: Readonly<Record<string, string>>;
}

/**
 * The verdicts with these names. All are read with one request, and none if they are known.
 *
 * @throws ApiError or UserError if the cluster cannot be read
 */
export async function readVerdicts(of: ServiceHandle, names: Names): Promise<VerdictsRead> {
  const verdicts = knownTo(of);
  const entries = Object.entries(names);
  const isKnown = entries.every(([, name]) => verdicts.has(keyOf(of, name)));
  const maps = new Map(isKnown ? [] : (await list(of)).map((map) => [map.metadata.name, map] as const));
  const read: Record<string, Verdict> = {};
  const lost: Record<string, string> = {};
  for (const [release, name] of entries) {
    try {
      const found = verdicts.get(keyOf(of, name)) ?? understood(of, name, maps.get(name));
      if (found.release !== release) throw new Error(`is on ${found.release}`);
      verdicts.set(keyOf(of, name), found);
      read[release] = found.verdict;
    } catch (error) {
      lost[release] = `the verdict on ${release} in ConfigMap ${name} ${(error as Error).message}`;
    }
  }
  return { verdicts: read, lost };
}

/** Creates a verdict, unless an earlier attempt of the same change has done so. @throws ApiError or UserError if it failed */
export async function createVerdict(of: ServiceHandle, data: VerdictData): Promise<void> {
  const { api, namespace, service } = of;
  const name = verdictName(service, data);
  const path = objectPath("ConfigMap", namespace, name);
  const labels = { app: service, [serviceLabel]: service, [verdictLabel]: data.kind };
  const object = { ...typeOf("ConfigMap"), metadata: { name, namespace, labels }, immutable: true, data };
  try {
    await api.create(listPath("ConfigMap", namespace), object);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    // A full quota is answered so too, by an API server that is busy with it.
    if (!isDeepStrictEqual((await api.get(path))?.data, data)) throw error;
  }
  knownTo(of).set(keyOf(of, name), readVerdict(service, name, data as Readonly<Record<string, string>>));
}

/**
 * Deletes the verdicts that a record does not name and that none can name any more: with their revision or a later one it has overtaken
 * their writers. Later ones stay, because their writers may be about to name them. Never throws: what is left is deleted after the next
 * change of verdicts, whose writer may also have the right that this one lacks.
 *
 * @param named the record as it was written
 */
export async function deleteUnnamed(of: ServiceHandle, named: RecordWithNames): Promise<void> {
  const stored = namesStored(named);
  const isOver = ({ metadata: { name }, data = {} }: ConfigMapObject) => {
    try {
      return !stored.has(name) && readVerdict(of.service, name, data).revision <= (named.record.revision ?? 0);
    } catch {
      return false;
    }
  };
  const deleting = within(of.api, deletingMilliseconds, async (api) => {
    for (const map of (await list({ ...of, api })).filter(isOver)) await remove({ ...of, api }, map);
  });
  await deleting.catch(() => {});
}

/** Deletes all verdicts of a service. @throws ApiError or UserError if one cannot be deleted */
export async function deleteVerdicts(of: ServiceHandle): Promise<void> {
  for (const map of await list(of)) await remove(of, map);
}

/** The ConfigMaps whose labels and names are those of verdicts: anyone may have given another one the labels. */
async function list({ api, namespace, service }: ServiceHandle): Promise<ConfigMapObject[]> {
  const all = await api.list(listPath("ConfigMap", namespace), `${serviceLabel}=${service},${verdictLabel}`);
  return all.filter(({ metadata: { name } }) => isVerdictName(service, name));
}

function understood({ service }: ServiceHandle, name: string, map: ConfigMapObject | undefined) {
  if (map === undefined) throw new Error("is missing");
  try {
    return readVerdict(service, name, map.data ?? {});
  } catch (error) {
    // The message quotes the ConfigMap, whose text may be anything.
    throw new Error(`cannot be read (${oneLine((error as Error).message)})`);
  }
}

function remove({ api, namespace }: ServiceHandle, { metadata }: ConfigMapObject): Promise<void> {
  return api.delete(objectPath("ConfigMap", namespace, metadata.name));
}

function knownTo({ api }: ServiceHandle): Map<string, Stored> {
  const found = known.get(api.access) ?? new Map<string, Stored>();
  known.set(api.access, found);
  return found;
}

function keyOf({ namespace }: ServiceHandle, name: string): string {
  return `${namespace}/${name}`;
}
