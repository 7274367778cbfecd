import * as v from "valibot";

/** Hex digits of the id of a release. */
export const releaseIdDigits = 12;

/** The id of a release: the first hex digits of a SHA-256. It is part of paths and of labels, so it is nothing else. */
export const releaseIdSchema = v.pipe(
  v.string(),
  v.regex(new RegExp(`^[0-9a-f]{${releaseIdDigits}}$`), `must be the id of a release (${releaseIdDigits} hex digits)`),
);
