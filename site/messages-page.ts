/** The reference of the messages for users, from the places where the sources raise them. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { heading, prose } from "./markdown.ts";

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
  ].join("\n");
}

/** The sentences that a source raises as UserError. Those that it has put together before are left out. @param text the source */
export function messagesIn(text: string): string[] {
  return [...text.matchAll(/new UserError\(\s*(?=[`"])/g)]
    .map(({ index, 0: start }) => literalAt(text, index + start.length))
    .filter((message) => message.endsWith(".") && (message.match(/\w+/g) ?? []).length > 4);
}

/** The text of a literal, with an ellipsis for each value in it. */
function literalAt(text: string, start: number): string {
  const quote = text[start];
  let found = "";
  for (let at = start + 1; at < text.length && text[at] !== quote; at++) {
    if (text[at] === "\\") found += text[++at];
    else if (quote === "`" && text.startsWith(valueStart, at)) {
      found += "…";
      at = endOfValue(text, at + 2);
    } else found += text[at];
  }
  return found;
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
