/** Markdown as the generated pages use it. */

/** The first lines of a page that is written from a source. */
export function heading(title: string, source: string, intro: string): string {
  return `# ${title}\n\n<!-- Written by \`npm run docs:pages\` from ${source}. Change that. -->\n\n${intro}\n`;
}

/** A table; every cell is one line of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))];
  return `${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
}

/** A text as code. It may hold backticks. */
export function code(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").replaceAll("|", "\\|");
}

/** Plain text of a comment as Markdown: what looks like an element of HTML outside of code is shown as it is. */
export function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll("<", "&lt;").replaceAll("{{", "{&#8203;{")))
    .join("");
}
