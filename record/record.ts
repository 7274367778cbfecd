/**
 * The record of a service's rollouts, in the ConfigMap `<service>-rollout`: its schema, and how it is read, changed and
 * limited in size.
 */
import * as v from "valibot";
import { oneLine } from "../border/foreign-text.ts";
import { releaseIdSchema } from "../components/release-id.ts";
import { keyed, mapOf, percent, understand, wholeNumber } from "../components/schema.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { bytesOf, growing, jsonOf, nameLimit, nameSchema, textOf, timeSchema } from "./bounds.ts";
import { changeStore, readStore, storeName } from "./config-map-store.ts";
import { fromVersion1 } from "./version-1.ts";

/**
 * Bytes of the open rollout, beside the fields that the program needs. The rollout's own schema
 * (rollout/rollout.ts) allows less.
 */
const openBytes = 320 * 1024;

/** The verdict on a release, from evidence or a person. */
const verdict = growing(
  {
    verdict: v.picklist(["good", "bad", "undecided"], "must be good, bad or undecided"),
    /** `evidence` or the name of a person. */
    by: nameSchema,
    reason: textOf(),
    /** When, as an RFC 3339 time. */
    at: timeSchema,
    /** The result of the observation, with its numbers. A person's verdict preserves it. */
    evidence: v.optional(growing({ verdict: nameSchema, reason: textOf() }, 8 * 1024)),
  },
  512,
);

const adopted = growing(
  {
    /** Id of the version that ran when the service was adopted: the hash of its pod template. */
    release: releaseIdSchema,
    /**
     * The selector of the shared Service at adoption. The pods of both tracks have these labels; the adopted pods have
     * no label `track`.
     */
    front: v.pipe(
      mapOf(v.pipe(v.string(), v.maxLength(63, "must be the value of a label"))),
      v.check((labels) => bytesOf(labels) <= 32 * 1024, "must be at most 32 KiB of labels"),
    ),
  },
  1024,
);

/** A finished rollout. */
const ended = growing(
  {
    release: releaseIdSchema,
    from: releaseIdSchema,
    began: textOf(64),
    ended: textOf(64),
    /** Name of the person who started it. */
    by: nameSchema,
    outcome: v.picklist(["promoted", "undone", "superseded"], "must be promoted, undone or superseded"),
    reason: textOf(),
  },
  512,
);

/** Fields of a newer version are preserved within size limits, so that they survive a change by this version. */
const record = keyed(
  growing(
    {
      /** Version of the schema; records of any other version are not read. */
      version: v.literal(2),
      /** UID of the kube-system namespace of the cluster to which the record belongs. */
      cluster: v.pipe(v.string(), v.maxLength(nameLimit, "must be the UID of a namespace")),
      /** Raised before gray changes an object without Pulumi, so that the next `up` writes the whole object again. */
      sequence: wholeNumber(0),
      /** Release id -> its verdict. */
      verdicts: mapOf(verdict, releaseIdSchema),
      /** Ids of the releases that all pods of stable have run, oldest first. The last one is the most recent. */
      stableHistory: v.array(releaseIdSchema),
      /** Only for a service that was adopted, until its first promotion is complete. */
      adopted: v.optional(adopted),
      /**
       * Release id -> id of the release that runs instead, for as long as the program describes the former. An undo
       * writes it.
       */
      replacedBy: v.optional(mapOf(releaseIdSchema, releaseIdSchema)),
      /** The highest epoch that a driver was given. */
      epoch: v.optional(wholeNumber(0)),
      /**
       * The open rollout (rollout/rollout.ts), with the fields that the program needs. Only the driver with this
       * epoch may change a track.
       */
      open: v.optional(
        growing(
          {
            epoch: v.pipe(v.number(), v.safeInteger("must be a whole number")),
            release: releaseIdSchema,
            /** Percent of the users that canary serves. @default the program's weight */
            weight: v.optional(percent),
            /** Id of the release that each track must run, as the driver decided. @default the program's releases */
            runs: v.optional(v.object({ canary: v.optional(releaseIdSchema), stable: v.optional(releaseIdSchema) })),
            /** Whether stable rolls with all pods at once. */
            fastRollback: v.optional(v.boolean()),
          },
          openBytes,
        ),
      ),
      /** The latest finished rollouts, newest first. */
      ended: v.optional(v.array(ended)),
    },
    32 * 1024,
  ),
);

/** How an adopted service ran before gray. */
export type Adopted = v.InferOutput<typeof adopted>;
/** A finished rollout. */
export type Ended = v.InferOutput<typeof ended>;
/** The verdict on a release, from evidence or a person. */
export type Verdict = v.InferOutput<typeof verdict>;

/** The record of a service's rollouts: the content of the ConfigMap `<service>-rollout`. */
export type RolloutRecord = v.InferOutput<typeof record>;

/** The result of reading the record. An unreadable record is not an absent one. */
export type RecordReading =
  | { readonly kind: "absent" }
  | { readonly kind: "read"; readonly record: RolloutRecord }
  | { readonly kind: "unreadable"; readonly why: string };

/** Most releases in `stableHistory`: far more than the releases whose config files are still stored. */
const stableHistoryLimit = 100;
/** Most entries of `replacedBy`. */
const replacedByLimit = 100;

/** How much history a record holds that no rollout needs to continue. */
interface Retention {
  /** Number of verdicts, beside those that `bounded` never drops. */
  readonly verdicts: number;
  /** Number of verdicts that include their numbers. The others have the sentence only. */
  readonly evidence: number;
  /** Number of finished rollouts. */
  readonly ended: number;
}

/** In descending order: the first one that fits is taken. */
const retentions: readonly Retention[] = [
  { verdicts: 100, evidence: 10, ended: 20 },
  { verdicts: 100, evidence: 0, ended: 20 },
  { verdicts: 20, evidence: 0, ended: 5 },
  { verdicts: 0, evidence: 0, ended: 0 },
];

/** Most bytes of a ConfigMap. */
const mapBytes = 1 << 20;
/** Most bytes of a record. The rest of the ConfigMap is left for keys of other writers. */
const recordBytes = 900 * 1024;

/** Name of the ConfigMap with a service's record, for example `web-rollout`. */
export function recordName(service: string): string {
  return storeName(service, "rollout");
}

/**
 * Reads the record.
 *
 * @param cluster UID that the record must carry: a record copied from another cluster is unreadable
 * @throws ApiError or UserError if the cluster cannot be read
 */
export async function readRecord(
  api: Cluster,
  namespace: string,
  service: string,
  cluster: string,
): Promise<RecordReading> {
  const stored = await readStore(api, namespace, service, "rollout");
  return stored === undefined ? { kind: "absent" } : parseRecord(stored.record, cluster);
}

/**
 * How the service ran before it was adopted; undefined if it was not adopted, or if the record cannot be read or
 * understood.
 *
 * @throws ApiError or UserError if the cluster does not answer
 */
export async function readAdopted(api: Cluster, namespace: string, service: string): Promise<Adopted | undefined> {
  const stored = await readStore(api, namespace, service, "rollout").catch((error: Error) => {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  });
  try {
    return understand(record, fromVersion1(JSON.parse(stored?.record ?? ""))).adopted;
  } catch {
    return undefined;
  }
}

/** Parses the text of a record; pure. */
export function parseRecord(text: string | undefined, cluster: string): RecordReading {
  if (text === undefined) return { kind: "unreadable", why: 'it has no key "record"' };
  let found: RolloutRecord;
  try {
    found = understand(record, fromVersion1(JSON.parse(text)));
  } catch (error) {
    // The message quotes the record, whose text may be anything.
    return { kind: "unreadable", why: oneLine((error as Error).message) };
  }
  if (found.cluster !== cluster) {
    return { kind: "unreadable", why: `it belongs to cluster ${oneLine(found.cluster)} and this is ${cluster}` };
  }
  return { kind: "read", record: found };
}

/**
 * Changes the record, or creates it, without losing another writer's change. Nothing is written if `change` returns the
 * record that it received. The record that is written is `bounded`.
 *
 * @returns the record as it is stored now
 * @throws UserError if the record cannot be read: its content may matter, so it is never overwritten
 */
export async function changeRecord(
  api: Cluster,
  namespace: string,
  service: string,
  cluster: string,
  change: (before: RolloutRecord) => RolloutRecord,
): Promise<RolloutRecord> {
  let written = emptyRecord(cluster);
  await changeStore(api, namespace, service, "rollout", (stored) => {
    const reading: RecordReading = stored === undefined ? { kind: "absent" } : parseRecord(stored.record, cluster);
    if (reading.kind === "unreadable") throw unreadable(namespace, service, reading.why);
    const before = reading.kind === "read" ? reading.record : emptyRecord(cluster);
    const changed = change(before);
    if (reading.kind === "read" && changed === before) {
      written = before;
      return undefined;
    }
    const others = bytesOf({ ...stored, record: "" });
    written = bounded(readable(namespace, service, changed), Math.min(recordBytes, mapBytes - others));
    return { ...stored, record: jsonOf(written) };
  });
  return written;
}

/**
 * The record with a raised sequence number. Write it before gray changes an object without Pulumi, so that the next
 * `up` writes the whole object.
 */
export function raised(before: RolloutRecord): RolloutRecord {
  return { ...before, sequence: before.sequence + 1 };
}

/** The record with a release as the latest that all pods of stable have run. */
export function withStableHistory(before: RolloutRecord, release: string): RolloutRecord {
  const others = before.stableHistory.filter((id) => id !== release);
  return { ...before, stableHistory: [...others, release].slice(-stableHistoryLimit) };
}

/**
 * The record with every text truncated to its limit, so that it can be read again.
 *
 * @throws UserError if a field is not valid
 */
function readable(namespace: string, service: string, changed: RolloutRecord): RolloutRecord {
  try {
    return understand(record, changed);
  } catch (error) {
    throw new UserError(
      `The record ${recordName(service)} in namespace ${namespace} was not changed, because the change would make it unreadable (${oneLine((error as Error).message)}): check the labels and annotations that name releases on the Deployments of ${service}.`,
    );
  }
}

/**
 * Drops history from the record until it can be written: a ConfigMap has at most 1 MiB.
 *
 * 1. The newest verdicts stay, and the newest of them with their evidence.
 * 2. Two verdicts stay at any age: that of the release in the open rollout, and a bad one of a release that stable has
 *    run. Without the latter the gate would admit that release again.
 * 3. If the record is still too large, the numbers of verdicts are dropped first, then older rollouts and verdicts.
 *
 * @param bytes most bytes of the result. @default 900 KiB
 */
export function bounded(before: RolloutRecord, bytes: number = recordBytes): RolloutRecord {
  let found = before;
  for (const retention of retentions) {
    found = retaining(before, retention);
    if (bytesOf(found) <= bytes) break;
  }
  return found;
}

function retaining(before: RolloutRecord, retention: Retention): RolloutRecord {
  const { verdicts, stableHistory, open, replacedBy, ended } = before;
  const newestFirst = Object.entries(verdicts).sort(([, a], [, b]) => Date.parse(b.at) - Date.parse(a.at));
  const ran = new Set(stableHistory.slice(-stableHistoryLimit));
  const stored = newestFirst.flatMap(([id, one], place) => {
    const isNeeded = id === open?.release || (one.verdict === "bad" && ran.has(id));
    if (place >= retention.verdicts && !isNeeded) return [];
    const { evidence, ...short } = one;
    return [[id, place < retention.evidence ? one : short] as const];
  });
  return {
    ...before,
    verdicts: Object.fromEntries(stored),
    stableHistory: stableHistory.slice(-stableHistoryLimit),
    ...(replacedBy && { replacedBy: Object.fromEntries(Object.entries(replacedBy).slice(-replacedByLimit)) }),
    ...(ended && { ended: ended.slice(0, retention.ended) }),
  };
}

/** The releases that all pods of stable have run, newest first; empty if the record cannot be read. */
export function stableReleases(reading: RecordReading): readonly string[] {
  return reading.kind === "read" ? reading.record.stableHistory.toReversed() : [];
}

/** The error for a record that cannot be read. */
export function unreadable(namespace: string, service: string, why: string): UserError {
  const name = recordName(service);
  return new UserError(
    `The record ${name} in namespace ${namespace} cannot be read (${why}): restore it; or save it with kubectl get configmap ${name} -n ${namespace} -o yaml, delete it and judge the release again with gray approve.`,
  );
}

function emptyRecord(cluster: string): RolloutRecord {
  return { version: 2, cluster, sequence: 0, verdicts: {}, stableHistory: [] };
}
