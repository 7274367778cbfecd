/** A stream in its stored form, in which a log-likelihood is an array of numbers. */
import type { StoredEvidence } from "./stored-evidence.ts";
import type { Stream } from "./stream.ts";

type StoredStream = StoredEvidence["streams"][string][string];

/** A stream as plain JSON. @example streamToJson(stream).known // an array */
export function streamToJson({ bunching, known, ...stream }: Stream): StoredStream {
  const { batches, spells } = bunching ?? {};
  return {
    ...stream,
    known: [...known],
    ...(batches && spells && { bunching: { batches, spells: { ...spells, known: [...spells.known] } } }),
  };
}

/** A stream from its stored form. @example streamOf(streamToJson(stream)).badTicks */
export function streamOf({ bunching, known, ...stream }: StoredStream): Stream {
  const { batches, spells } = bunching ?? {};
  return {
    ...stream,
    known: Float64Array.from(known),
    ...(batches && spells && { bunching: { batches, spells: { ...spells, known: Float64Array.from(spells.known) } } }),
  };
}
