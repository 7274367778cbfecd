/** The record of a service's rollouts: its schema, and what the texts and changes of a record mean. Pure. */

import * as v from "valibot";
import { oneLine } from "../border/foreign-text.ts";
import { releaseIdSchema } from "../components/release-id.ts";
import { keyed, mapOf, percent, understand, wholeNumber } from "../components/schema.ts";
import { bytesOf, growing, nameLimit, nameSchema, textOf, timeSchema } from "./bounds.ts";
import { fromVersion1 } from "./version-1.ts";

/**
 * Bytes of the open rollout, beside the fields that the program needs. The rollout's own schema
 * (rollout/rollout.ts) allows less.
 */
const openBytes = 320 * 1024;

/** The schema of a verdict. */
export const verdictSchema = growing(
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

const labelsSchema = v.pipe(
  mapOf(v.pipe(v.string(), v.maxLength(63, "must be the value of a label"))),
  v.check((labels) => bytesOf(labels) <= 32 * 1024, "must be at most 32 KiB of labels"),
);

const adopted = growing(
  {
    /** Id of the version that ran when the service was adopted: the hash of its pod template. */
    release: releaseIdSchema,
    /**
     * The selector of the shared Service at adoption. The pods of both tracks have these labels; the adopted pods have
     * no label `track`.
     */
    front: labelsSchema,
    /** Names of the HTTPRoutes that lead to the shared Service until the first promotion; absent if there are none. */
    routes: v.optional(v.array(nameSchema)),
    /** Labels of the adopted Deployment that the program does not describe, which its replacement keeps; absent if there are none. */
    labels: v.optional(labelsSchema),
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

/**
 * The schema of a record with such verdicts. Fields of a newer version are preserved within size limits, so that they survive a change
 * by this version.
 */
function recordWith<S extends v.GenericSchema>(verdict: S) {
  return keyed(
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
        /** Raised with each change of the verdicts, so that a stored verdict shows whether it is older than the record. */
        revision: v.optional(wholeNumber(0)),
        /** Names of the latest decisions of people, oldest first. They are stored even if their verdict was replaced. */
        decisions: v.optional(v.array(nameSchema)),
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
}

/** The schema of a record. */
export const recordSchema = recordWith(verdictSchema);
/** The schema of a record as it is stored: a verdict is the name of its ConfigMap, or in version 1 the verdict itself. */
export const storedSchema = recordWith(v.lazy((found) => (typeof found === "string" ? nameSchema : verdictSchema)));

/** How an adopted service ran before gray. */
export type Adopted = v.InferOutput<typeof adopted>;
/** A finished rollout. */
export type Ended = v.InferOutput<typeof ended>;
/** The verdict on a release, from evidence or a person. */
export type Verdict = v.InferOutput<typeof verdictSchema>;

/** The record of a service's rollouts. */
export type RolloutRecord = v.InferOutput<typeof recordSchema>;
/** The record as it is stored in the ConfigMap `<service>-rollout`, without its verdicts. */
export type StoredRecord = v.InferOutput<typeof storedSchema>;

/** Why a record cannot be read. */
export interface Unreadable {
  readonly kind: "unreadable";
  readonly why: string;
  /** What the user can do. @default what helps for any record */
  readonly remedy?: string;
}

/** The result of reading the record. An unreadable record is not an absent one. */
export type RecordReading =
  | { readonly kind: "absent" }
  | {
      readonly kind: "read";
      readonly record: RolloutRecord;
      /**
       * Release id -> why its verdict cannot be read. It is not in `verdicts`, and not absent: the gate admits nothing but a rollback to such a
       * release. @default none
       */
      readonly lost?: Readonly<Record<string, Unreadable>>;
    }
  | Unreadable;

/** Most releases in `stableHistory`: far more than the releases whose config files are still stored. */
export const stableHistoryLimit = 100;

/** Parses the text of a stored record; pure. */
export function parseRecord(
  text: string | undefined,
  cluster: string,
): Unreadable | { readonly kind: "read"; readonly record: StoredRecord } {
  if (text === undefined) return { kind: "unreadable", why: 'it has no key "record"' };
  let found: StoredRecord;
  try {
    found = understand(storedSchema, fromVersion1(JSON.parse(text)));
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

/** The releases that all pods of stable have run, newest first; empty if the record cannot be read. */
export function stableReleases(reading: RecordReading): readonly string[] {
  return reading.kind === "read" ? reading.record.stableHistory.toReversed() : [];
}

/** The record of a service that has none yet. */
export function emptyRecord(cluster: string): RolloutRecord {
  return { version: 2, cluster, sequence: 0, verdicts: {}, stableHistory: [] };
}
