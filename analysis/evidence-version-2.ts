/** Converts stored evidence of version 2, in which some fields had other names. */

type Fields = Readonly<Record<string, unknown>>;

/**
 * Stored evidence with the fields of version 3. Any value other than evidence of version 2 is returned unchanged, and the
 * schema validates it.
 *
 * @example fromVersion2({ version: 2, lapses: 1, streams: {} }) // { version: 3, podFailures: 1, streams: {} }
 */
export function fromVersion2(stored: unknown): unknown {
  if (!isFields(stored) || stored.version !== 2) return stored;
  const { lapses, streams, conviction, ...others } = stored;
  return {
    ...others,
    version: 3,
    podFailures: lapses,
    streams: each(streams, (indicator) => each(indicator, (stream) => renamed(stream, "part", "alphaShare"))),
    conviction: renamed(conviction, "because", "reason"),
  };
}

function each(values: unknown, convert: (value: unknown) => unknown): unknown {
  if (!isFields(values)) return values;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));
}

function renamed(value: unknown, from: string, to: string): unknown {
  if (!isFields(value)) return value;
  const { [from]: held, ...others } = value;
  return { ...others, [to]: held };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
