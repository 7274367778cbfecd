import type { StackState } from "../components/history.ts";
import type { Release } from "../components/release.ts";
import { type RecordReading, stableReleases } from "./record.ts";

/** Who is said to have judged what a plan supposes to be good. */
export const supposedBy = "gray plan";

/** On what word stable takes a release, as far as policies are to know. */
export interface VerdictAge {
  /** Id of the release. */
  readonly release: string;
  /** Whole hours that the good verdict was old then; `supposed` in a plan, where nobody has judged it. */
  readonly hours: number | "supposed";
}

/**
 * How old the verdict is on which stable takes its release.
 *
 * 1. What it has taken keeps the age of then, so that a run with nothing to do finds nothing changed.
 * 2. What once ran completely is the way back, and its verdict may be of any age.
 * 3. Otherwise it is the age of the good verdict in the record.
 *
 * @param now milliseconds since 1970
 */
export function verdictAge(
  stable: Release | undefined,
  record: RecordReading,
  own: StackState | undefined,
  now: number,
): VerdictAge | undefined {
  if (stable === undefined) return undefined;
  const release = stable.id;
  if (own?.current.stable === release) return own.verdict?.release === release ? own.verdict : undefined;
  if (record.kind !== "read" || stableReleases(record).includes(release)) return undefined;
  const found = record.record.verdicts[release];
  if (found?.verdict !== "good") return undefined;
  if (found.by === supposedBy) return { release, hours: "supposed" };
  return { release, hours: Math.max(0, Math.floor((now - Date.parse(found.at)) / 3_600_000)) };
}
