/** Converts a record of version 1, whose fields had other names. The next change writes it as version 2. */

import { convertEach, isFields, renamed } from "../border/renamed-fields.ts";

/**
 * Converts a parsed record to version 2. Fields that version 1 did not have are preserved.
 *
 * @param value anything; a value that is no record of version 1 is returned unchanged, and the schema judges it
 * @example fromVersion1({ version: 1, completed: ["6b73fe0c6ef8"] }) // { version: 2, stableHistory: ["6b73fe0c6ef8"] }
 */
export function fromVersion1(value: unknown): unknown {
  if (!isFields(value) || value.version !== 1) return value;
  const { verdicts, open, ended, ...others } = renamed(value, { completed: "stableHistory", instead: "replacedBy" });
  return {
    ...others,
    version: 2,
    ...(verdicts !== undefined && { verdicts: convertEach(verdicts, verdictFrom) }),
    ...(open !== undefined && { open: rolloutFrom(open) }),
    ...(ended !== undefined && { ended: convertEach(ended, decisionFrom) }),
  };
}

function verdictFrom(value: unknown): unknown {
  const verdict = decisionFrom(value);
  return isFields(verdict) && "evidence" in verdict
    ? { ...verdict, evidence: decisionFrom(verdict.evidence) }
    : verdict;
}

function rolloutFrom(value: unknown): unknown {
  if (!isFields(value)) return value;
  const names = {
    entered: "stepStartedAt",
    left: "stoppedReason",
    ending: "rollbackRequested",
    urgent: "fastRollback",
  };
  const decisions = ["approved", "paused", "stoppedReason", "rollbackRequested"];
  return Object.fromEntries(
    Object.entries(renamed(value, names)).map(([name, held]) => [
      name,
      decisions.includes(name) ? decisionFrom(held) : held,
    ]),
  );
}

/** Renames `because` to `reason`, which every decision, verdict and finished rollout has. */
function decisionFrom(value: unknown): unknown {
  return renamed(value, { because: "reason" });
}
