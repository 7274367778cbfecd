/** Limits the size of a record, because it is stored in a ConfigMap. Pure. */

import { bytesOf, nameLimit } from "./bounds.ts";
import { type RolloutRecord, stableHistoryLimit } from "./record.ts";

/** Most entries of `replacedBy`. */
const replacedByLimit = 100;

/** How much history a record holds that no rollout needs to continue. */
interface Retention {
  /** Number of verdicts, beside those that `bounded` never drops. */
  readonly verdicts: number;
  /** Number of finished rollouts. */
  readonly ended: number;
}

/** In descending order: the first one that fits is taken. */
const retentions: readonly Retention[] = [
  { verdicts: 100, ended: 20 },
  { verdicts: 20, ended: 5 },
  { verdicts: 0, ended: 0 },
];

/** Most bytes of a record. The rest of the ConfigMap is left for keys of other writers. */
export const recordBytes = 900 * 1024;

/**
 * Drops history from the record until it can be written: a ConfigMap has at most 1 MiB.
 *
 * 1. The newest verdicts stay.
 * 2. Two verdicts stay at any age: that of the release in the open rollout, and a bad one of a release that stable has
 *    run. Without the latter the gate would admit that release again.
 * 3. If the record is still too large, older rollouts and verdicts are dropped.
 *
 * @param bytes most bytes of the result. @default 900 KiB
 */
export function bounded(before: RolloutRecord, bytes: number = recordBytes): RolloutRecord {
  let found = before;
  for (const retention of retentions) {
    found = retaining(before, retention);
    if (bytesOf({ ...found, verdicts: Object.keys(found.verdicts).map((id) => [id, longestName]) }) <= bytes) break;
  }
  return found;
}

/** What a record stores for each verdict is at most this long. */
const longestName = "x".repeat(nameLimit);

function retaining(before: RolloutRecord, retention: Retention): RolloutRecord {
  const { verdicts, stableHistory, open, replacedBy, ended } = before;
  const newestFirst = Object.entries(verdicts).sort(([, a], [, b]) => Date.parse(b.at) - Date.parse(a.at));
  const ran = new Set(stableHistory.slice(-stableHistoryLimit));
  const stored = newestFirst.flatMap(([id, one], place) => {
    const isNeeded = id === open?.release || (one.verdict === "bad" && ran.has(id));
    if (place >= retention.verdicts && !isNeeded) return [];
    return [[id, one] as const];
  });
  return {
    ...before,
    verdicts: Object.fromEntries(stored),
    stableHistory: stableHistory.slice(-stableHistoryLimit),
    ...(replacedBy && { replacedBy: Object.fromEntries(Object.entries(replacedBy).slice(-replacedByLimit)) }),
    ...(ended && { ended: ended.slice(0, retention.ended) }),
  };
}
