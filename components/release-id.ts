/** The form of a release id. */
import * as v from "valibot";

/** Number of hex digits of a release id. */
export const releaseIdDigits = 12;

/** Validates a release id: the first hex digits of a SHA-256. No other text is accepted, because ids appear in paths and labels. */
export const releaseIdSchema = v.pipe(
  v.string(),
  v.regex(new RegExp(`^[0-9a-f]{${releaseIdDigits}}$`), `must be the id of a release (${releaseIdDigits} hex digits)`),
);
