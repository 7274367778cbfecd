import * as v from "valibot";
import { Refusal } from "../../components/refusal.ts";
import { keyed, mapOf, percent, understand, wholeNumber } from "../../components/schema.ts";
import { ApiError, type Cluster } from "../cluster/cluster.ts";
import { changeKept, keptName, readKept } from "./kept-map.ts";

/** What a release was found to be: by evidence, or by a person. */
const verdict = v.looseObject({
  verdict: v.picklist(["good", "bad", "undecided"], "must be good, bad or undecided"),
  /** `evidence` or the name of a person. */
  by: v.string(),
  because: v.string(),
  /** When, as an RFC 3339 time. */
  at: v.pipe(v.string(), v.isoTimestamp("must be a time, like 2026-01-31T12:00:00Z")),
  /** What observing it came to, with the numbers behind it; a person's verdict keeps it. */
  evidence: v.optional(v.looseObject({ verdict: v.string(), because: v.string() })),
});

const adopted = v.looseObject({
  /** The id of what it ran when it was adopted: the hash of its pod template. */
  release: v.string(),
  /** What the shared Service selects, as it was. The pods of both tracks have these labels; those of then have no `track`. */
  front: mapOf(v.string()),
});

/** A rollout that has ended. */
const ended = v.looseObject({
  release: v.string(),
  from: v.string(),
  began: v.string(),
  ended: v.string(),
  /** Who began it. */
  by: v.string(),
  outcome: v.picklist(["promoted", "undone", "superseded"], "must be promoted, undone or superseded"),
  because: v.string(),
});

/** Fields that a newer version added are kept, and so survive a change by this one. */
const record = keyed(
  v.looseObject({
    /** Form of this record; another one is not read. */
    version: v.literal(1),
    /** UID of the kube-system namespace of the cluster that the record belongs to. */
    cluster: v.string(),
    /** Raised before an object is changed past Pulumi, so that the next `up` writes the whole object again. */
    sequence: wholeNumber(0),
    /** Release id -> its verdict. */
    verdicts: mapOf(verdict),
    /** Ids that stable ran completely, oldest first; the last one is what it ran last. */
    completed: v.array(v.string()),
    /** Of a service that was there before us, until the first promotion is through. */
    adopted: v.optional(adopted),
    /** Release id -> id of the release that runs in its place for as long as the program renders it: what an undo leaves. */
    instead: v.optional(mapOf(v.string())),
    /** The highest number that a driver was given. */
    epoch: v.optional(wholeNumber(0)),
    /**
     * The rollout under way, if there is one (rollout/drive/rollout.ts), as far as the program needs it; only the driver that holds
     * this epoch may change a track.
     */
    open: v.optional(
      v.looseObject({
        epoch: v.pipe(v.number(), v.safeInteger("must be a whole number")),
        release: v.string(),
        /** @default as the program says */
        weight: v.optional(percent),
        /** Id of the release that each track is to run now, by the driver's word. @default as the program says */
        runs: v.optional(mapOf(v.string())),
        /** Stable rolls with all pods at once. */
        urgent: v.optional(v.boolean()),
      }),
    ),
    /** The latest rollouts that have ended, newest first. */
    ended: v.optional(v.array(ended)),
  }),
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
const completedLimit = 100;
/** Verdicts that it remembers, beside those that `bounded` never drops. */
const verdictLimit = 100;
/** Verdicts that keep the numbers behind them; of the others the sentence is left. */
const evidenceLimit = 10;

export function recordName(service: string): string {
  return keptName(service, "rollout");
}

/** Reads the record. `cluster` is the UID that it has to carry; a record brought from another cluster is unreadable. */
export async function readRecord(
  api: Cluster,
  namespace: string,
  service: string,
  cluster: string,
): Promise<RecordReading> {
  const kept = await readKept(api, namespace, service, "rollout");
  return kept === undefined ? { kind: "absent" } : parseRecord(kept.record, cluster);
}

/** What the record says of a service that was there before us; undefined for any other, and where it may not or cannot be read. */
export async function readAdopted(api: Cluster, namespace: string, service: string): Promise<Adopted | undefined> {
  const kept = await readKept(api, namespace, service, "rollout").catch((error: Error) => {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  });
  try {
    return understand(record, JSON.parse(kept?.record ?? "")).adopted;
  } catch {
    return undefined;
  }
}

/** What a record's text says, pure. */
export function parseRecord(text: string | undefined, cluster: string): RecordReading {
  if (text === undefined) return { kind: "unreadable", why: 'it has no key "record"' };
  let found: RolloutRecord;
  try {
    found = understand(record, JSON.parse(text));
  } catch (error) {
    return { kind: "unreadable", why: (error as Error).message };
  }
  if (found.cluster !== cluster) {
    return { kind: "unreadable", why: `it belongs to cluster ${found.cluster} and this is ${cluster}` };
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
  await changeKept(api, namespace, service, "rollout", (kept) => {
    const reading: RecordReading = kept === undefined ? { kind: "absent" } : parseRecord(kept.record, cluster);
    if (reading.kind === "unreadable") throw unreadable(namespace, service, reading.why);
    const before = reading.kind === "read" ? reading.record : emptyRecord(cluster);
    const changed = change(before);
    const stays = reading.kind === "read" && changed === before;
    written = stays ? before : bounded(changed);
    return stays ? undefined : { ...kept, record: JSON.stringify(written, undefined, 2) };
  });
  return written;
}

/** With a raised sequence number: before something is changed past Pulumi, so that the next `up` writes it whole. */
export function raised(before: RolloutRecord): RolloutRecord {
  return { ...before, sequence: before.sequence + 1 };
}

/** The record with this release as what stable ran last, completely. */
export function withCompleted(before: RolloutRecord, release: string): RolloutRecord {
  const others = before.completed.filter((id) => id !== release);
  return { ...before, completed: [...others, release].slice(-completedLimit) };
}

/**
 * The record without the verdicts that nobody will ask for, so that it can always be written: a ConfigMap may have 1 MiB.
 *
 * 1. The newest verdicts stay, and the newest of them keep their evidence.
 * 2. A bad verdict of a release that is rolled out, or that stable ran completely, stays however old: without it the gate
 *    would admit the release again.
 */
export function bounded(before: RolloutRecord): RolloutRecord {
  const { verdicts, completed, open } = before;
  const newestFirst = Object.entries(verdicts).sort(([, a], [, b]) => Date.parse(b.at) - Date.parse(a.at));
  const needed = new Set([...completed, ...(open ? [open.release] : [])]);
  const kept = newestFirst.flatMap(([id, one], place) => {
    if (place >= verdictLimit && !(one.verdict === "bad" && needed.has(id))) return [];
    const { evidence, ...short } = one;
    return [[id, place < evidenceLimit ? one : short] as const];
  });
  return { ...before, verdicts: Object.fromEntries(kept) };
}

/** What stable ran completely, the newest first; nothing where the record cannot be read. */
export function completedReleases(reading: RecordReading): readonly string[] {
  return reading.kind === "read" ? reading.record.completed.toReversed() : [];
}

export function unreadable(namespace: string, service: string, why: string): Refusal {
  const name = recordName(service);
  return new Refusal(
    `The record ${name} in namespace ${namespace} cannot be read (${why}): restore it, or take note of it with kubectl get configmap ${name} -n ${namespace} -o yaml, delete it and judge the release again with gray approve.`,
  );
}

function emptyRecord(cluster: string): RolloutRecord {
  return { version: 1, cluster, sequence: 0, verdicts: {}, completed: [] };
}
