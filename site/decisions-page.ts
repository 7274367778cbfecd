/** The list of all decisions, from the pages of their records. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { heading } from "./markdown.ts";

/** A page of records, and their numbers with their titles. */
export interface DecisionsPage {
  readonly file: string;
  readonly title: string;
  readonly records: readonly { readonly number: number; readonly title: string }[];
}

/** The pages of decisions, in the order of their first records. @param root the folder of the checkout */
export function decisionPages(root: string): DecisionsPage[] {
  return globSync("docs/decisions/*.md", { cwd: root })
    .filter((file) => !file.endsWith("/index.md"))
    .map((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const [, title = ""] = /^# Decisions: (.*)$/m.exec(text) ?? [];
      const records = [...text.matchAll(/^## (\d+)\. (.*)$/gm)].map(([, number, title = ""]) => ({
        number: Number(number),
        title,
      }));
      return { file: file.replace("docs/decisions/", ""), title, records };
    })
    .sort((a, b) => (a.records[0]?.number ?? 0) - (b.records[0]?.number ?? 0));
}

/** The page that lists them. @param root the folder of the checkout */
export function decisionsPage(root: string): string {
  const parts = decisionPages(root).map(({ file, title, records }) => {
    const items = records.map(({ number, title }) => `- ${number}: ${title}`);
    return `## ${title.charAt(0).toUpperCase()}${title.slice(1)}\n\nWith reasons on [their page](${file}).\n\n${items.join("\n")}\n`;
  });
  return [
    heading(
      "Decisions",
      "the other pages of `docs/decisions/`",
      "Each record states a decision that was not obvious, its reasons, and if useful, what would make us reconsider it. A record keeps its number. A new one gets the next number, on the page of its subject.",
    ),
    ...parts,
  ].join("\n");
}
