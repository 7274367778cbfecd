/** The reference of the package's exports, from the declarations that the compiler writes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { heading, prose } from "./markdown.ts";

const entries = [
  ["gray-release", "library", "The component, its arguments and what comes with them."],
  ["gray-release/analysis", "analysis/library", "Evidence, verdict and forecast for numbers from anywhere."],
  ["gray-release/policies", "policies/library", "The rules of the policy pack, and the building blocks of your own."],
  ["gray-release/testing", "gate/mocks", "Unit tests of a program without a cluster."],
] as const;
/** Exports of the testing entry's file that are for our own use. */
const internal = ["isMocked"];

/** The page of every export of the package. Compiles the declarations first, in seconds. @param root the folder of the checkout */
export function apiPage(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), "gray-declarations-"));
  try {
    const compiler = join(root, "node_modules/.bin/tsc");
    execFileSync(compiler, ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--outDir", folder], { cwd: root });
    return [
      heading(
        "API",
        "the declarations of the package's entries",
        "What each entry of the package exports. The arguments of a service have [a page of their own](arguments.md).",
      ),
      ...entries.map(([name, file, intro]) => {
        const exported = exportsOf(join(folder, `${file}.d.ts`)).filter((each) => !internal.includes(each.name));
        return [`## ${name}\n`, `${intro}\n`, ...exported.map(part)].join("\n");
      }),
    ].join("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A declaration with the comment before it. */
interface Declaration {
  readonly name: string;
  readonly comment: string;
  readonly text: string;
}

/** What a file of declarations exports, its own first. What it takes from other packages is theirs. */
function exportsOf(file: string): Declaration[] {
  const text = readFileSync(file, "utf8");
  const clauses = [...text.matchAll(/^export (?:type )?\{([^}]+)\} from "(\.[^"]+)\.ts";$/gm)];
  const taken = clauses.flatMap(([, names = "", from = ""]) => {
    const there = exportsOf(join(dirname(file), `${from}.d.ts`));
    const wanted = names.split(",").map((name) => name.trim().replace(/^type /, ""));
    return wanted.flatMap((name) => there.find((each) => each.name === name) ?? []);
  });
  return [...ownExports(text), ...taken];
}

function ownExports(text: string): Declaration[] {
  const starts = text.matchAll(/^export (?:declare )?(?:function|class|interface|type|const) (\w+)/gm);
  return [...starts].map(({ index, 1: name = "" }) => {
    const before = text.slice(0, index);
    const comment = before.endsWith("*/\n") ? before.slice(before.lastIndexOf("/**")) : "";
    return { name, comment, text: statementAt(text, index).replace("export declare ", "export ") };
  });
}

/** The statement that begins here: up to the first line's end outside of brackets. */
function statementAt(text: string, start: number): string {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const sign = text[at] ?? "";
    if ("{([".includes(sign)) depth++;
    else if ("})]".includes(sign)) depth--;
    else if (sign === "\n" && depth === 0 && /[;}]$/.test(text.slice(start, at))) return text.slice(start, at);
  }
  return text.slice(start);
}

function part({ name, comment, text }: Declaration): string {
  const plain = comment
    .replace(/^\/\*\*|\s*\*\/\s*$/g, "")
    .replace(/^[ \t]*\* ?/gm, "")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .trim();
  const [about = "", ...tags] = plain.split(/(?:^|\s)@(?=(?:param|returns|throws|default|example)\b)/);
  const said = tags
    .filter((tag) => !tag.startsWith("example"))
    .map(
      (tag) =>
        `- ${prose(tag.replace(/^param (\w+)/, "`$1`:").replace(/^(returns|throws|default) /, "$1: ")).replace(/\s*\n\s*/g, " ")}`,
    );
  const example = tags
    .find((tag) => tag.startsWith("example"))
    ?.slice("example".length)
    .trim();
  const shown = example === undefined || example.startsWith("```") ? example : `\`\`\`ts\n${example}\n\`\`\``;
  return [
    `### ${name}\n`,
    `${prose(about.trim())}\n`,
    ...(said.length > 0 ? [`${said.join("\n")}\n`] : []),
    `\`\`\`ts\n${text}\n\`\`\`\n`,
    ...(shown === undefined ? [] : ["Example:\n", `${shown}\n`]),
  ].join("\n");
}
