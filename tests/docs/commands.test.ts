import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { sandboxCommand } from "../../cli/commands/sandbox.ts";
import { grayProgram } from "../../cli/main.ts";

const root = join(import.meta.dirname, "../..");
/** What the tool prints in a place of its own is no advice to type. */
const written = ["docs/reference/messages.md", "docs/reference/refusals.md", "docs/reference/api.md"];
const documents = globSync(["*.md", "docs/**/*.md"], { cwd: root }).filter((file) => !written.includes(file));

/** The code of a document: its blocks line by line, and what stands between backticks. */
function codeOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const blocks = [...text.matchAll(/```(\w*)\n([\s\S]*?)```/g)]
    .filter(([, language = ""]) => ["", "sh", "yaml"].includes(language))
    .flatMap(([, , block = ""]) => block.split("\n"));
  const inline = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
  return [...blocks.map((line) => line.replace(/ #.*$/, "")), ...inline];
}

const lines = documents.flatMap((file) => codeOf(file).map((line) => ({ file, line })));

describe("the commands in the documents", () => {
  const program = grayProgram(sandboxCommand());

  it("are verbs and options that gray has", () => {
    const calls = lines.flatMap(({ file, line }) =>
      [...line.matchAll(/\bgray (?:-- )?([a-z]+)([^|;&]*)/g)].map(([, verb = "", rest = ""]) => {
        // After a further -- is the command of gray probe.
        return { file, verb, rest: rest.replace(/ -- .*$/, "") };
      }),
    );
    assert.ok(calls.length > 60);
    const wrong = calls.flatMap(({ file, verb, rest }) => {
      const command: Command | undefined = program.commands.find((each) => each.name() === verb);
      // The sentence that says how to call gray.
      if (!command) return verb === "x" ? [] : [`${file}: gray ${verb}`];
      const known = [program, command, ...command.commands].flatMap(({ options }) => options.map(({ long }) => long));
      const asked = [...rest.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option);
      return asked
        .filter((option) => option !== "--help" && !known.includes(option))
        .map((option) => `${file}: gray ${verb} ${option}`);
    });
    assert.deepEqual(wrong, []);
  });

  it("are scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const asked = lines.flatMap(({ file, line }) =>
      [...line.matchAll(/\bnpm run (?:-s |--silent )?([a-z0-9:]+)/g)].map(([, name = ""]) => ({ file, name })),
    );
    assert.ok(asked.length > 20);
    // Of a user's own project, as a command for gray probe.
    const wrong = asked.filter(({ name }) => name !== "smoke" && !(name in scripts));
    assert.deepEqual(wrong, []);
  });
});
