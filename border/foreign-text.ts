/**
 * Makes untrusted text safe to print and to store: text from pods, logs, the API server, Pulumi, Prometheus, annotations and
 * object names.
 */
import { stripVTControlCharacters } from "node:util";

/** The default limit for untrusted text: characters (UTF-16 code units) of the result. */
export const foreignTextLimit = 300;

/** Characters that are read for each character of the limit, because escape sequences and runs of spaces are removed. */
const readPerCharacter = 8;

/**
 * Characters that must not appear in a printed line: control characters, the two line separators of Unicode, the byte order
 * mark, and the marks that change the direction of the text after them (Unicode UAX #9).
 */
const invisible = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/**
 * Returns untrusted text as one line: without escape sequences and control characters, with single spaces, and cut with an
 * ellipsis at the limit. The work is bounded for a text of any length.
 *
 * @param limit characters (UTF-16 code units) of the result, the ellipsis included. @default 300
 * @example oneLine("no\n\u001b[31mroute") // "no route"
 */
export function oneLine(text: string, limit = foreignTextLimit): string {
  return bounded(text, limit, (beginning) => beginning.replace(invisible, " ").replace(/\s+/g, " ").trim());
}

/**
 * Returns a line of an untrusted log like {@link oneLine}, but keeps its spaces and tabs, because they indent it or align
 * columns.
 *
 * @param limit characters (UTF-16 code units) of the result, the ellipsis included
 * @example logLine("\u001b[31m  at main\u001b[0m", 100) // "  at main"
 */
export function logLine(text: string, limit: number): string {
  return bounded(text, limit, (beginning) =>
    beginning.replace(invisible, (run) => run.replace(/[^\t]+/g, " ")).trimEnd(),
  );
}

/** @param clean removes the invisible characters from a text that has no escape sequences */
function bounded(text: string, limit: number, clean: (beginning: string) => string): string {
  const most = limit * readPerCharacter;
  const beginning = text.length > most ? text.slice(0, most) : text;
  const line = clean(stripVTControlCharacters(beginning)).toWellFormed();
  if (line.length <= limit && text.length <= most) return line;
  return `${line
    .slice(0, limit - 1)
    .toWellFormed()
    .replace(/\ufffd$/, "")
    .trimEnd()}…`;
}
