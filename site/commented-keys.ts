/** Reads the keys of an object in TypeScript text, each with the comment before it. For our own files only. */

/** A key, and its comment in one line. */
export interface CommentedKey {
  readonly name: string;
  readonly comment: string;
}

/** The keys that have a comment, in their order, from one text in the file to another. @throws Error if the file has neither */
export function commentedKeys(text: string, from: string, to: string): CommentedKey[] {
  const start = text.indexOf(from);
  const end = text.indexOf(to, start + from.length);
  if (start < 0 || end < 0) throw new Error(`there is no "${from}" followed by "${to}"`);
  const found = text.slice(start, end).matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(\w+):/g);
  return [...found].map(([, comment = "", name = ""]) => ({
    name,
    comment: comment
      .replace(/^\s*\* ?/gm, "")
      .replace(/\s+/g, " ")
      .replace(/@default (.*?)\.? *$/, "Default: $1.")
      .trim(),
  }));
}
