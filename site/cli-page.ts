/** The reference of the `gray` command, from the commands themselves. */
import type { Argument, Command, Option } from "commander";
import { code, heading, prose, table } from "./markdown.ts";

/** The page of every command, in the groups and the order of `gray --help`. */
export function cliPage(program: Command): string {
  const groups = Map.groupBy(program.commands, (command) => command.helpGroup().replace(/:$/, ""));
  const parts = [...groups].map(
    ([group, commands]) => `## ${group}\n\n${commands.map((command) => commandPart(command, "gray")).join("\n")}`,
  );
  return [
    heading("The gray command", "`cli/commands/`", `${prose(program.description())}`),
    "In the folder of a Pulumi project, each command works on the service of that project. [Exit codes](exit-codes.md) has what each of them ends with.\n",
    "Options of every command:\n",
    optionTable(program.options),
    ...parts,
  ].join("\n");
}

function commandPart(command: Command, parent: string): string {
  const name = `${parent} ${command.name()}`;
  const level = "#".repeat(name.split(" ").length + 1);
  const { commands, options, registeredArguments } = command;
  return [
    `${level} ${name}\n`,
    `\`\`\`sh\n${name} ${command.usage()}\n\`\`\`\n`,
    `${prose(command.description())}\n`,
    ...(registeredArguments.length > 0 ? [argumentTable(registeredArguments)] : []),
    ...(options.length > 0 ? [optionTable(options)] : []),
    ...commands.map((each) => commandPart(each, name)),
  ].join("\n");
}

function argumentTable(found: readonly Argument[]): string {
  const rows = found.map((argument) => [
    code(argument.name()),
    prose(argument.description) + (argument.required ? " Required." : ""),
  ]);
  return table(["argument", "meaning"], rows);
}

function optionTable(found: readonly Option[]): string {
  const shown = found.filter((option) => !option.hidden);
  return table(
    ["option", "meaning"],
    shown.map((option) => [code(option.flags), prose(meaningOf(option))]),
  );
}

/** What `--help` says of an option: its description, its values and its default. */
function meaningOf({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const extras = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(", ")}`]),
    ...(isShown(defaultValue) ? [`default: ${defaultValueDescription ?? defaultValue}`] : []),
  ];
  return extras.length === 0 ? description : `${description} (${extras.join("; ")})`;
}

function isShown(value: unknown): boolean {
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
}
