/**
 * Text that others wrote, made safe to show and to keep: what pods, logs, the API server, Pulumi, Prometheus, annotations and
 * object names say.
 */
import { stripVTControlCharacters } from "node:util";

/** Characters that a foreign text keeps where no other limit is named. */
export const foreignTextLimit = 300;

/** Characters that are looked at for each one that is kept: escape sequences and blanks take some away. */
const lookedAt = 8;

/**
 * What has no place in a line for people: control characters, the two line separators of Unicode, and the marks that turn the
 * direction of what follows (Unicode UAX #9).
 */
const unseen = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/**
 * A foreign text as one line: without escape sequences and control characters, each run of blanks as one blank, cut off with
 * an ellipsis where it is longer than the limit. The work is bounded however long the text is.
 *
 * @param limit characters (UTF-16 code units) of the result, the ellipsis included. @default 300
 * @example oneLine("no\n\u001b[31mroute") // "no route"
 */
export function oneLine(text: string, limit = foreignTextLimit): string {
  return bounded(text, limit, (beginning) => beginning.replace(unseen, " ").replace(/\s+/g, " ").trim());
}

/**
 * A line of a foreign log: as {@link oneLine}, but its blanks and tabs stay, because they indent it or make columns.
 *
 * @param limit characters (UTF-16 code units) of the result, the ellipsis included
 * @example logLine("\u001b[31m  at main\u001b[0m", 100) // "  at main"
 */
export function logLine(text: string, limit: number): string {
  return bounded(text, limit, (beginning) => beginning.replace(unseen, (run) => run.replace(/[^\t]+/g, " ")).trimEnd());
}

/** @param clean removes what has no place in a line, of a text without escape sequences */
function bounded(text: string, limit: number, clean: (beginning: string) => string): string {
  const most = limit * lookedAt;
  const beginning = text.length > most ? text.slice(0, most) : text;
  const line = clean(stripVTControlCharacters(beginning)).toWellFormed();
  if (line.length <= limit && text.length <= most) return line;
  return `${line
    .slice(0, limit - 1)
    .toWellFormed()
    .replace(/\ufffd$/, "")
    .trimEnd()}…`;
}
