/** Breaks text for a terminal between words, never inside of one. Pure. */

/**
 * The lines of a text, each at most as long as the width. A word that is longer gets a line of its own.
 *
 * @param indent spaces before each line but the first
 * @example wrapped("approve it with gray approve", 20, 2) // ["approve it with gray", "  approve"]
 */
export function wrapped(text: string, width: number, indent = 0): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const [first = "", ...words] = paragraph.match(/ *[^ ]+/g) ?? [];
    const lines = [first];
    for (const word of words) {
      const line = `${lines.at(-1)}${word}`;
      if (line.length <= width) lines[lines.length - 1] = line;
      else lines.push(`${" ".repeat(indent)}${word.trimStart()}`);
    }
    return lines;
  });
}

/** A text of one line, cut at the width. @example cut("a long line", 6) // "a lon…" */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** A bar for a share from 0 to 1. @example bar(0.25, 8) // "██░░░░░░" */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}
