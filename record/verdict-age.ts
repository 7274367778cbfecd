/** The age of the verdict that admitted stable's release, for policies. */
import type { StackState } from "../components/history.ts";
import type { Release } from "../components/release.ts";
import { type RecordReading, stableReleases } from "./record.ts";

/** Author of the good verdict that `gray plan` assumes. */
export const assumedBy = "gray plan";

/** The good verdict that admitted a release to stable, as policies see it. */
export interface VerdictAge {
  /** Id of the release. */
  readonly release: string;
  /** Age of the good verdict at admission, in whole hours; `assumed` in a plan, where the verdict is only assumed. */
  readonly hours: number | "assumed";
}

/**
 * The age of the verdict that admits stable's release.
 *
 * 1. A release that stable runs already keeps the age from its admission, so that a run without changes finds no
 *    difference.
 * 2. A release that stable has run before is a rollback, which needs no fresh verdict: undefined.
 * 3. Otherwise it is the age of the good verdict in the record.
 *
 * @param stable the release that stable will run
 * @param own state of the stack that owns stable
 * @param now in milliseconds since the epoch
 * @returns undefined also if there is no good verdict
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
  if (found.by === assumedBy) return { release, hours: "assumed" };
  return { release, hours: Math.max(0, Math.floor((now - Date.parse(found.at)) / 3_600_000)) };
}
