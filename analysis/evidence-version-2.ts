/** Converts stored evidence of version 2, in which some fields had other names. */

import { convertEach, isFields, renamed } from "../border/renamed-fields.ts";

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
    streams: convertEach(streams, (indicator) =>
      convertEach(indicator, (stream) => renamed(stream, { part: "alphaShare" })),
    ),
    conviction: renamed(conviction, { because: "reason" }),
  };
}
