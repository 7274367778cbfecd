/** Reads declarations from TypeScript text: interfaces, the fields of a class, and names of types. For our own files only. */

/** A field as its text declares it. */
export interface Field {
  readonly name: string;
  readonly isOptional: boolean;
  /** The text of its type, in one line. */
  readonly type: string;
  /** The text of its comment, in one line; empty if it has none. */
  readonly comment: string;
}

/** An interface or a class as its text declares it. */
export interface Shape {
  readonly comment: string;
  readonly parents: readonly string[];
  readonly fields: readonly Field[];
}

/** What a file declares, by name. */
export interface Declarations {
  readonly shapes: ReadonlyMap<string, Shape>;
  /** The text of each type, in one line. */
  readonly types: ReadonlyMap<string, string>;
}

const shapeStart =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?(?:export )?(?:interface|class) (\w+)(?:<[^{]*>)?(?: extends ([^{]+))? \{/g;
const typeStart = /(?:export )?type (\w+) = /g;
const fieldStart = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?readonly (\w+)(\?)?: /y;

/** The interfaces, classes and names of types in the text of a file. @throws Error if a declaration has no end */
export function declarationsOf(text: string): Declarations {
  const shapes = new Map<string, Shape>();
  for (const match of text.matchAll(shapeStart)) {
    const [start, comment, name = "", parents = ""] = match;
    shapes.set(name, {
      comment: plainComment(comment),
      parents: split(parents, ",").map((parent) => parent.trim()),
      fields: fieldsFrom(text, match.index + start.length),
    });
  }
  const types = new Map<string, string>();
  for (const match of text.matchAll(typeStart)) {
    const [start, name = ""] = match;
    types.set(name, oneLine(upTo(text, match.index + start.length, ";")));
  }
  return { shapes, types };
}

/** The fields that follow each other in a text, as in an interface or in a type such as `{ readonly a: string; readonly b: number }`. */
export function fieldsFrom(text: string, start: number): Field[] {
  const fields: Field[] = [];
  for (let at = start; ; ) {
    fieldStart.lastIndex = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
    const match = fieldStart.exec(text);
    if (!match) return fields;
    const [all, comment, name = "", optional] = match;
    const from = match.index + all.length;
    const type = upTo(text, from, ";");
    fields.push({ name, isOptional: optional !== undefined, type: oneLine(type), comment: plainComment(comment) });
    at = from + type.length + 1;
  }
}

/** Splits a text where the separator stands outside of brackets and quotes. */
export function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const part = upTo(text, at, separator);
    parts.push(part.trim());
    at += part.length + separator.length;
  }
  return parts.filter((part) => part !== "");
}

/** The text from `start` to the next end that stands outside of brackets and quotes, or to the bracket that closes around it. */
function upTo(text: string, start: number, end: string): string {
  let depth = 0;
  let quote: string | undefined;
  for (let at = start; at < text.length; at++) {
    const sign = text[at] ?? "";
    if (quote !== undefined) {
      if (sign === quote) quote = undefined;
    } else if (`"'\``.includes(sign)) {
      quote = sign;
    } else if (depth === 0 && (sign === end || "}])".includes(sign))) {
      return text.slice(start, at);
    } else if ("{[(<".includes(sign)) {
      depth++;
    } else if ("}])>".includes(sign)) {
      depth--;
    }
  }
  return text.slice(start);
}

/** A comment without its stars, examples and errors, and with its default as a sentence. */
function plainComment(comment = ""): string {
  const text = comment.replace(/^\s*\* ?/gm, "");
  const [described = "", ...tags] = text.split(/(?:^|\s)@(?=\w)/);
  const found = tags.find((tag) => tag.startsWith("default "))?.slice("default ".length);
  const sentences = [described, ...(found === undefined ? [] : [`Default: ${found}`])].map((part) =>
    oneLine(part).replace(/\{@link (\w+)\}/g, "`$1`"),
  );
  return sentences
    .filter((part) => part !== "")
    .map((part) => (part.endsWith(".") ? part : `${part}.`))
    .join(" ");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
