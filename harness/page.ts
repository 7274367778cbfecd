/**
 * What a reader does who follows a page of the documents, block by block. Pure.
 *
 * 1. A block `sh` is typed, line by line; what follows ` # ` is a comment.
 * 2. A block `text` is what the command typed last prints. `…` stands for any text, `<id>` for the id of a release.
 * 3. A block that begins with a comment with the name of a file is that file.
 * 4. A block `diff` that begins with `--- <file>` is a change of that file.
 * 5. A block `sh` or `text` with the mark `{second terminal}` belongs there. What runs in the first one goes on meanwhile.
 */
import { stripVTControlCharacters } from "node:util";
import { literal } from "../components/pattern.ts";

/** One of the two terminals of a reader. */
export type Terminal = "first" | "second";

/** Something that a reader does, or should see. */
export type Step =
  | { readonly kind: "type"; readonly terminal: Terminal; readonly command: string }
  | { readonly kind: "see"; readonly terminal: Terminal; readonly lines: readonly string[] }
  | { readonly kind: "write"; readonly file: string; readonly text: string }
  | { readonly kind: "change"; readonly file: string; readonly from: string; readonly to: string };

const fence = /^```(\w+)(?: \{(.*)\})?\n([\s\S]*?)^```$/gm;

/**
 * The steps of a page, in their order.
 *
 * @param page the text in Markdown
 * @throws Error if a block is none of the above
 */
export function stepsOf(page: string): Step[] {
  return [...page.matchAll(fence)].flatMap(([, language = "", mark, text = ""]) => {
    if (mark !== undefined && mark !== "second terminal") throw new Error(`a block has the unknown mark {${mark}}`);
    const terminal: Terminal = mark === undefined ? "first" : "second";
    if (language === "sh")
      return linesOf(text).flatMap((line): Step[] => {
        const command = line.replace(/(^|\s)# .*$/, "").trim();
        return command === "" ? [] : [{ kind: "type", terminal, command }];
      });
    if (language === "text") return [{ kind: "see", terminal, lines: linesOf(text).map(plain) }];
    if (language === "diff") return [changeOf(text)];
    const [, file] = /^(?:#|\/\/) (\S+\.\w+)\n/.exec(text) ?? [];
    if (file === undefined) throw new Error(`a block ${language} does not begin with the name of its file`);
    return [{ kind: "write", file, text }];
  });
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

function changeOf(text: string): Step {
  const [head = "", ...lines] = linesOf(text);
  const [, file] = /^--- (\S+)$/.exec(head) ?? [];
  if (file === undefined) throw new Error("a block diff does not begin with --- and the name of its file");
  const side = (other: "+" | "-") =>
    lines.filter((line) => !line.startsWith(other)).map((line) => `${line.slice(1)}\n`);
  return { kind: "change", file, from: side("+").join(""), to: side("-").join("") };
}

/** A line without the colours and the alignment that a terminal may add. */
function plain(line: string): string {
  return stripVTControlCharacters(line).replace(/\s+/g, " ").trim();
}

/**
 * Looks for the lines of a page in what a command printed.
 *
 * @returns the first line that is missing, if any, and the last id of a release that the lines name by `<id>`
 */
export function look(lines: readonly string[], output: string): { missing?: string; id?: string } {
  const printed = output.split("\n").map(plain);
  let at = 0;
  let id: string | undefined;
  for (const line of lines) {
    const pattern = patternOf(line);
    const found = printed.findIndex((each, index) => index >= at && pattern.test(each));
    if (found < 0) return { missing: line, ...(id !== undefined && { id }) };
    id = pattern.exec(printed[found] ?? "")?.groups?.id ?? id;
    at = found + 1;
  }
  return id === undefined ? {} : { id };
}

function patternOf(line: string): RegExp {
  const [first = "", ...others] = line.split("<id>").map((part) => part.split("…").map(literal).join(".*"));
  const [second, ...rest] = others;
  const named = second === undefined ? first : [`${first}(?<id>[0-9a-f]{12})${second}`, ...rest].join("\\k<id>");
  return new RegExp(`^${named}$`);
}
