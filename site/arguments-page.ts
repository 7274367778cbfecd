/** The reference of a service's arguments, from the comments of their declarations. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Declarations, declarationsOf, type Shape } from "../package/schema/declarations.ts";
import { code, heading, prose, table } from "./markdown.ts";

/** The page of `ServiceArgs` and of every type that it leads to. @param root the folder of the checkout */
export function argumentsPage(root: string): string {
  const all = globSync("components/**/*.ts", { cwd: root })
    .sort()
    .map((file) => declarationsOf(readFileSync(join(root, file), "utf8")));
  const declared = { shapes: merged(all.map(({ shapes }) => shapes)), types: merged(all.map(({ types }) => types)) };
  const parts = reachedFrom("ServiceArgs", declared).map((name) => part(name, declared));
  return [
    heading(
      "Arguments of a service",
      "the comments in `components/`",
      "A program gives them to `CanaryService` (TypeScript) or `gray-release:index:CanaryService` ([other languages](../how-to/languages.md)). A bold name must be given. [Defaults](defaults.md) has the numbers.",
    ),
    ...parts,
  ].join("\n");
}

function merged<T>(maps: readonly ReadonlyMap<string, T>[]): Map<string, T> {
  return new Map(maps.flatMap((map) => [...map]));
}

/** Our own names in the text of a type. */
function namesIn(text: string, { shapes, types }: Declarations): string[] {
  return [...text.matchAll(/"[^"]*"|\b[A-Z]\w*/g)]
    .map(([name]) => name)
    .filter((name) => shapes.has(name) || types.has(name));
}

/** A type and those that its fields lead to, in the order in which a reader meets them. */
function reachedFrom(start: string, declared: Declarations): string[] {
  const reached = new Set([start]);
  for (const name of reached) {
    const texts = declared.shapes.has(name)
      ? fieldsOf(name, declared).map(({ type }) => type)
      : [declared.types.get(name) ?? ""];
    for (const other of texts.flatMap((text) => namesIn(text, declared))) reached.add(other);
  }
  return [...reached];
}

function fieldsOf(name: string, declared: Declarations): Shape["fields"][number][] {
  const { fields, parents } = declared.shapes.get(name) ?? { fields: [], parents: [] };
  const inherited = parents
    .filter((parent) => declared.shapes.has(parent))
    .flatMap((parent) => fieldsOf(parent, declared));
  return [...fields, ...inherited.filter(({ name: other }) => fields.every((field) => field.name !== other))];
}

function part(name: string, declared: Declarations): string {
  const shape = declared.shapes.get(name);
  if (!shape) return `## ${name}\n\n${typeText(declared.types.get(name) ?? "", declared, name)}\n`;
  const rows = fieldsOf(name, declared).map(({ name: field, isOptional, type, comment }) => [
    isOptional ? code(field) : `**${code(field)}**`,
    typeText(type, declared),
    prose(comment),
  ]);
  return [`## ${name}\n`, `${prose(shape.comment)}\n`, table(["argument", "type", "meaning"], rows)].join("\n");
}

/** The text of a type, with links to our own ones. @param own the type whose text it is, which gets no link to itself */
function typeText(type: string, declared: Declarations, own?: string): string {
  const plain = type.replaceAll("readonly ", "");
  const names = new Set(namesIn(type, declared).filter((name) => name !== own));
  const links = [...names].map((name) => `[${name}](#${name.toLowerCase()})`);
  const isOneName = links.length === 1 && /^\w+$/.test(plain);
  if (isOneName) return links[0] ?? "";
  return `${code(plain)}${links.length > 0 ? ` (${links.join(", ")})` : ""}`;
}
