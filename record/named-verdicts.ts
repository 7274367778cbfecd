/** The names under which a record stores its verdicts. Pure. */

import { isDeepStrictEqual } from "node:util";
import type { RolloutRecord } from "./record.ts";
import { storedVerdict, type VerdictData, verdictName } from "./stored-verdict.ts";

/** Release id -> name of the ConfigMap with its verdict. */
export type Names = Readonly<Record<string, string>>;

/** A record and the names of its verdicts. A verdict without a name is one of version 1, in the record itself. */
export interface RecordWithNames {
  readonly record: RolloutRecord;
  readonly names: Names;
}

/** Most decisions of people that are stored beside the verdicts in force. */
const decisionsLimit = 100;

/**
 * The changed record with the names of its verdicts, and the verdicts that must be created for it.
 *
 * 1. A verdict that is as it was keeps its name.
 * 2. Any other verdict gets a name, and the record a new revision.
 * 3. The newest decisions of people stay, also those whose verdict was replaced.
 *
 * @param before the record that was changed
 */
export function withNames(
  service: string,
  before: RecordWithNames,
  after: RolloutRecord,
): RecordWithNames & { readonly created: readonly VerdictData[] } {
  const revision = (before.record.revision ?? 0) + 1;
  const created: VerdictData[] = [];
  const names = Object.fromEntries(
    Object.entries(after.verdicts).map(([release, verdict]) => {
      const former = before.names[release];
      if (former !== undefined && isDeepStrictEqual(verdict, before.record.verdicts[release])) return [release, former];
      const data = storedVerdict(release, verdict, revision);
      created.push(data);
      return [release, verdictName(service, data)];
    }),
  );
  if (created.length === 0) return { record: after, names, created };
  const decided = created.filter(({ kind }) => kind === "person").map((data) => verdictName(service, data));
  const decisions = [...(before.record.decisions ?? []), ...decided].slice(-decisionsLimit);
  return { record: { ...after, revision, ...(decisions.length > 0 && { decisions }) }, names, created };
}

/** The names of the verdicts that stay in the cluster with the record. */
export function namesStored({ record, names }: RecordWithNames): ReadonlySet<string> {
  return new Set([...Object.values(names), ...(record.decisions ?? [])]);
}
