import * as v from "valibot";
import { oneLine } from "../border/foreign-text.ts";
import { releaseIdSchema } from "../components/release-id.ts";
import { keyed, mapOf, percent, understand, wholeNumber } from "../components/schema.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import { bytesOf, growing, jsonOf, nameLimit, nameSchema, textOf, timeSchema } from "./bounds.ts";
import { changeStore, readStore, storeName } from "./config-map-store.ts";
import { fromVersion1 } from "./version-1.ts";

/** Bytes of the rollout that is open, beside what the program needs of it. Its own schema (rollout/rollout.ts) allows less. */
const openBytes = 320 * 1024;

/** What a release was found to be: by evidence, or by a person. */
const verdict = growing(
  {
    verdict: v.picklist(["good", "bad", "undecided"], "must be good, bad or undecided"),
    /** `evidence` or the name of a person. */
    by: nameSchema,
    reason: textOf(),
    /** When, as an RFC 3339 time. */
    at: timeSchema,
    /** What observing it came to, with the numbers behind it; a person's verdict keeps it. */
    evidence: v.optional(growing({ verdict: nameSchema, reason: textOf() }, 8 * 1024)),
  },
  512,
);

const adopted = growing(
  {
    /** The id of what it ran when it was adopted: the hash of its pod template. */
    release: releaseIdSchema,
    /** What the shared Service selects, as it was. The pods of both tracks have these labels; those of then have no `track`. */
    front: v.pipe(
      mapOf(v.pipe(v.string(), v.maxLength(63, "must be the value of a label"))),
      v.check((labels) => bytesOf(labels) <= 32 * 1024, "must be at most 32 KiB of labels"),
    ),
  },
  1024,
);

/** A rollout that has ended. */
const ended = growing(
  {
    release: releaseIdSchema,
    from: releaseIdSchema,
    began: textOf(64),
    ended: textOf(64),
    /** Who began it. */
    by: nameSchema,
    outcome: v.picklist(["promoted", "undone", "superseded"], "must be promoted, undone or superseded"),
    reason: textOf(),
  },
  512,
);

/** Fields that a newer version added are kept within bounds, and so survive a change by this one. */
const record = keyed(
  growing(
    {
      /** Form of this record; another one is not read. */
      version: v.literal(2),
      /** UID of the kube-system namespace of the cluster that the record belongs to. */
      cluster: v.pipe(v.string(), v.maxLength(nameLimit, "must be the UID of a namespace")),
      /** Raised before an object is changed past Pulumi, so that the next `up` writes the whole object again. */
      sequence: wholeNumber(0),
      /** Release id -> its verdict. */
      verdicts: mapOf(verdict, releaseIdSchema),
      /** Ids that stable ran completely, oldest first; the last one is what it ran last. */
      stableHistory: v.array(releaseIdSchema),
      /** Of a service that was there before us, until the first promotion is through. */
      adopted: v.optional(adopted),
      /** Release id -> id of the release that runs in its place for as long as the program renders it: what an undo leaves. */
      replacedBy: v.optional(mapOf(releaseIdSchema, releaseIdSchema)),
      /** The highest number that a driver was given. */
      epoch: v.optional(wholeNumber(0)),
      /**
       * The rollout under way, if there is one (rollout/rollout.ts), as far as the program needs it; only the driver that holds
       * this epoch may change a track.
       */
      open: v.optional(
        growing(
          {
            epoch: v.pipe(v.number(), v.safeInteger("must be a whole number")),
            release: releaseIdSchema,
            /** @default as the program says */
            weight: v.optional(percent),
            /** Id of the release that each track is to run now, by the driver's word. @default as the program says */
            runs: v.optional(v.object({ canary: v.optional(releaseIdSchema), stable: v.optional(releaseIdSchema) })),
            /** Stable rolls with all pods at once. */
            fastRollback: v.optional(v.boolean()),
          },
          openBytes,
        ),
      ),
      /** The latest rollouts that have ended, newest first. */
      ended: v.optional(v.array(ended)),
    },
    32 * 1024,
  ),
);

export type Adopted = v.InferOutput<typeof adopted>;
export type Ended = v.InferOutput<typeof ended>;
export type Verdict = v.InferOutput<typeof verdict>;

/** What the cluster remembers of the rollout of one service: the ConfigMap `<service>-rollout`. */
export type RolloutRecord = v.InferOutput<typeof record>;

/** What reading it came to: an unreadable record is not an absent one. */
export type RecordReading =
  | { readonly kind: "absent" }
  | { readonly kind: "read"; readonly record: RolloutRecord }
  | { readonly kind: "unreadable"; readonly why: string };

/** Completed releases that a record remembers; far more than have kept config files. */
const stableHistoryLimit = 100;
/** Releases for which it remembers what runs in their place. */
const replacedByLimit = 100;

/** How much a record remembers that nobody needs to go on. */
interface Retention {
  /** Verdicts, beside those that `bounded` never drops. */
  readonly verdicts: number;
  /** Verdicts that keep the numbers behind them; of the others the sentence is left. */
  readonly evidence: number;
  /** Rollouts that have ended. */
  readonly ended: number;
}

/** From the most to nothing: the first that fits is taken. */
const retentions: readonly Retention[] = [
  { verdicts: 100, evidence: 10, ended: 20 },
  { verdicts: 100, evidence: 0, ended: 20 },
  { verdicts: 20, evidence: 0, ended: 5 },
  { verdicts: 0, evidence: 0, ended: 0 },
];

/** Bytes that a ConfigMap may have. */
const mapBytes = 1 << 20;
/** Bytes that a record has at most. The rest of the ConfigMap is left to what others keep in it. */
const recordBytes = 900 * 1024;

export function recordName(service: string): string {
  return storeName(service, "rollout");
}

/** Reads the record. `cluster` is the UID that it has to carry; a record brought from another cluster is unreadable. */
export async function readRecord(
  api: Cluster,
  namespace: string,
  service: string,
  cluster: string,
): Promise<RecordReading> {
  const stored = await readStore(api, namespace, service, "rollout");
  return stored === undefined ? { kind: "absent" } : parseRecord(stored.record, cluster);
}

/** What the record says of a service that was there before us; undefined for any other, and where it may not or cannot be read. */
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

/** What a record's text says, pure. */
export function parseRecord(text: string | undefined, cluster: string): RecordReading {
  if (text === undefined) return { kind: "unreadable", why: 'it has no key "record"' };
  let found: RolloutRecord;
  try {
    found = understand(record, fromVersion1(JSON.parse(text)));
  } catch (error) {
    // It quotes keys of the record, and what is no JSON.
    return { kind: "unreadable", why: oneLine((error as Error).message) };
  }
  if (found.cluster !== cluster) {
    return { kind: "unreadable", why: `it belongs to cluster ${oneLine(found.cluster)} and this is ${cluster}` };
  }
  return { kind: "read", record: found };
}

/**
 * Changes the record, or begins one, so that no other writer's change is lost. Nothing is written where the change gives
 * back what it was given, and what is written stays `bounded`.
 *
 * @throws Refusal if the record cannot be read: what is in it may matter, so it is never written over
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

/** With a raised sequence number: before something is changed past Pulumi, so that the next `up` writes it whole. */
export function raised(before: RolloutRecord): RolloutRecord {
  return { ...before, sequence: before.sequence + 1 };
}

/** The record with this release as what stable ran last, completely. */
export function withStableHistory(before: RolloutRecord, release: string): RolloutRecord {
  const others = before.stableHistory.filter((id) => id !== release);
  return { ...before, stableHistory: [...others, release].slice(-stableHistoryLimit) };
}

/**
 * The record as it can be read again: every text in its bounds.
 *
 * @throws Refusal if a part of it is not what it must be
 */
function readable(namespace: string, service: string, changed: RolloutRecord): RolloutRecord {
  try {
    return understand(record, changed);
  } catch (error) {
    throw new UserError(
      `The record ${recordName(service)} in namespace ${namespace} stays as it is, because with this change it could not be read (${oneLine((error as Error).message)}): look at the labels and annotations of the Deployments of ${service}, which name their releases.`,
    );
  }
}

/**
 * The record without what nobody needs to go on, so that it can always be written: a ConfigMap may have 1 MiB.
 *
 * 1. The newest verdicts stay, and the newest of them keep their evidence.
 * 2. The verdict of the release that is rolled out stays, and so does a bad one of a release that stable ran completely,
 *    however old: without it the gate would admit the release again.
 * 3. Where it is still too large, the numbers behind verdicts go first, then older rollouts and verdicts.
 *
 * @param bytes that it may have. @default 900 KiB
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

/** What stable ran completely, the newest first; nothing where the record cannot be read. */
export function stableReleases(reading: RecordReading): readonly string[] {
  return reading.kind === "read" ? reading.record.stableHistory.toReversed() : [];
}

export function unreadable(namespace: string, service: string, why: string): UserError {
  const name = recordName(service);
  return new UserError(
    `The record ${name} in namespace ${namespace} cannot be read (${why}): restore it, or take note of it with kubectl get configmap ${name} -n ${namespace} -o yaml, delete it and judge the release again with gray approve.`,
  );
}

function emptyRecord(cluster: string): RolloutRecord {
  return { version: 2, cluster, sequence: 0, verdicts: {}, stableHistory: [] };
}
