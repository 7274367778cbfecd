/** The reference of the messages for users, from the places where the sources raise them. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { heading, prose, table } from "./markdown.ts";

/** Where a value begins in a template. */
const valueStart = "$" + "{";

/** What raises messages, in the order in which a reader meets them. */
const groups = [
  ["Of any command: access to the cluster and to Pulumi", ["kubernetes", "pulumi"]],
  ["Of pulumi up", ["settings.ts", "components", "gate"]],
  ["Of gray", ["cli", "describe"]],
  ["Of a rollout", ["rollout", "record"]],
  ["Of gray verify and gray probe", ["evaluation", "analysis", "probe", "live", "observability"]],
] as const;

/** The page of all messages that end a command or an `up` with a sentence. @param root the folder of the checkout */
export function messagesPage(root: string): string {
  const parts = groups.map(([title, folders]) => {
    const files = folders.flatMap((name) =>
      globSync(name.endsWith(".ts") ? name : `${name}/**/*.ts`, { cwd: root }).sort(),
    );
    const messages = [...new Set(files.flatMap((file) => messagesIn(readFileSync(join(root, file), "utf8"))))];
    return `## ${title}\n\n${messages.map((message) => `- ${prose(message)}`).join("\n")}\n`;
  });
  return [
    heading(
      "Messages",
      "the sources that raise them",
      "Each message is one sentence: what was found, and after the colon what to do. `…` stands for a name, a number or a reason. [What up refuses](refusals.md) shows many of them with the input that they are about, and [Troubleshooting](../troubleshooting.md) says what to do about situations.",
    ),
    ...parts,
    gatePart(readFileSync(join(root, "gate/gate.ts"), "utf8")),
  ].join("\n");
}

/** The part on the gate, whose refusals have codes. @param source of the gate */
function gatePart(source: string): string {
  const rows = refusalsIn(source).map(({ code, message }) => [`\`${code}\``, prose(message)]);
  const intro =
    "What `pulumi up` and `gray plan` say where the gate does not admit a release, in the order in which it asks. It stands behind `<service> stable stays at <id>.` where the other track goes on. [The gate](../explanation/gate.md) says why.";
  return `## Of the gate\n\n${intro}\n\n${table(["code", "message"], rows)}`;
}

/** The sentences that a source raises as UserError. Those that it has put together before are left out. @param text the source */
export function messagesIn(text: string): string[] {
  return [...text.matchAll(/new UserError\(/g)].flatMap(({ index, 0: start }) =>
    literalsIn(text, index + start.length).filter(isSentence),
  );
}

/** Where a source raises what it has put together before: the arguments, each in one line. @param text the source */
export function putTogetherIn(text: string): string[] {
  return [...text.matchAll(/new UserError\(([^\n]*)/g)]
    .filter(({ index }) => !literalsIn(text, index + "new UserError(".length).some(isSentence))
    .map(([, argument = ""]) => argument.replace(/\);.*$/, ""));
}

/** The refusals of the gate by their codes. @param text the source of the gate */
export function refusalsIn(text: string): { readonly code: string; readonly message: string }[] {
  return [...text.matchAll(/\brefuse\(\s*"([\w-]+)",/g)].map(({ index, 0: start, 1: code = "" }) => ({
    code,
    message: `${literalsIn(text, index + start.length)[0] ?? ""}.`,
  }));
}

/** What may end with a reason in another's words. */
function isSentence(text: string): boolean {
  return /[.…]$/.test(text) && (text.match(/\w+/g) ?? []).length > 4;
}

/** The literals from here to the bracket that closes the call, those in other calls too. */
function literalsIn(text: string, start: number): string[] {
  const found: string[] = [];
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    const sign = text[at] ?? "";
    if (`"'\``.includes(sign)) {
      const [literal, end] = literalAt(text, at);
      found.push(literal);
      at = end;
    } else if (sign === "(") depth++;
    else if (sign === ")" && --depth === 0) return found;
  }
  throw new Error("a call has no end");
}

/** The text of a literal, with an ellipsis for each value in it, and where it ends. */
function literalAt(text: string, start: number): [literal: string, end: number] {
  const quote = text[start];
  let found = "";
  let at = start + 1;
  for (; at < text.length && text[at] !== quote; at++) {
    if (text[at] === "\\") found += text[++at];
    else if (quote === "`" && text.startsWith(valueStart, at)) {
      found += "…";
      at = endOfValue(text, at + 2);
    } else found += text[at];
  }
  return [found, at];
}

/** Where the value of a template ends: at the bracket that closes it, which may have texts with values of their own before it. */
function endOfValue(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  throw new Error("a template has no end");
}
