/** The reference of what `up` refuses, from the cases of bad input that the tests provoke. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { heading, prose } from "./markdown.ts";

/** A case of bad input, as tests/expected-failures has it. */
interface Case {
  readonly title: string;
  readonly sentence: string;
}

/** The page of all refusals, each with its sentence. @param root the folder of the checkout */
export async function refusalsPage(root: string): Promise<string> {
  const folder = join(root, "tests/expected-failures");
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const found = await Promise.all(files.sort().map(async (name) => (await import(join(folder, name))).default));
  const cases = found.filter((each?: Partial<Case>): each is Case => each?.sentence !== undefined);
  const parts = cases.map(({ title, sentence }) => `- **${prose(title)}**\n\n  > ${prose(filled(sentence))}\n`);
  return [
    heading(
      "What up refuses",
      "`tests/expected-failures/`",
      "`pulumi up` refuses these inputs with the sentence below them, before anything is changed. Names and numbers are those of the example; `…` stands for any text. The rules of the policy pack have [a page of their own](policies.md).",
    ),
    ...parts,
  ].join("\n");
}

function filled(sentence: string): string {
  return sentence
    .replaceAll("{any}", "…")
    .replaceAll("{namespace}", "dora-apps")
    .replace(/\{[A-Z]\}/g, "<id>");
}
