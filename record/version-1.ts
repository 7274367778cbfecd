/** Converts a record of version 1, whose fields had other names. It is written as version 2 with the next change. */

type Fields = Readonly<Record<string, unknown>>;

/**
 * A parsed record as version 2 has it. Fields that version 1 did not have are kept.
 *
 * @param value anything; what is no record of version 1 is given back as it is, for the schema to judge
 * @example fromVersion1({ version: 1, completed: ["6b73fe0c6ef8"] }) // { version: 2, stableHistory: ["6b73fe0c6ef8"] }
 */
export function fromVersion1(value: unknown): unknown {
  if (!isFields(value) || value.version !== 1) return value;
  const { verdicts, open, ended, ...others } = renamed(value, { completed: "stableHistory", instead: "replacedBy" });
  return {
    ...others,
    version: 2,
    ...(verdicts !== undefined && { verdicts: each(verdicts, verdictFrom) }),
    ...(open !== undefined && { open: rolloutFrom(open) }),
    ...(ended !== undefined && { ended: each(ended, decisionFrom) }),
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

/** Who decided something, when and why: all that had a `because` has a `reason`. */
function decisionFrom(value: unknown): unknown {
  return isFields(value) ? renamed(value, { because: "reason" }) : value;
}

function each(values: unknown, convert: (value: unknown) => unknown): unknown {
  if (Array.isArray(values)) return values.map(convert);
  if (!isFields(values)) return values;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));
}

function renamed(fields: Fields, names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [names[name] ?? name, value]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
