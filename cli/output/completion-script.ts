/** Shell completion of a command, from its tree of subcommands and options. Pure. */
import type { Command } from "commander";

/** The shells that have a script. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/**
 * A script that completes the subcommands of a program, and the options of each.
 *
 * @example completionScript("bash", grayProgram()) // "_gray() {…"
 */
export function completionScript(shell: Shell, program: Command): string {
  if (shell === "fish") return fishScript(program);
  // zsh understands completion scripts of bash.
  const before =
    shell === "zsh" ? ["autoload -U +X compinit && compinit", "autoload -U +X bashcompinit && bashcompinit"] : [];
  return [...before, bashScript(program)].join("\n");
}

function bashScript(program: Command): string {
  const name = program.name();
  const words = (all: readonly string[]) =>
    `COMPREPLY=($(compgen -W "${all.join(" ")}" -- "\${COMP_WORDS[COMP_CWORD]}"))`;
  const cases = program.commands.map((each) => `    ${each.name()}) ${words(flagsOf(each))} ;;`);
  return [
    `_${name}() {`,
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    ${words([...program.commands.map((each) => each.name()), ...flagsOf(program)])}`,
    "    return",
    "  fi",
    `  case "\${COMP_WORDS[1]}" in`,
    ...cases,
    "  esac",
    "}",
    `complete -o default -F _${name} ${name}`,
  ].join("\n");
}

function fishScript(program: Command): string {
  const name = program.name();
  return program.commands
    .flatMap((each) => [
      `complete -c ${name} -n __fish_use_subcommand -f -a ${each.name()} -d ${quoted(each.summary() || each.description())}`,
      ...each
        .createHelp()
        .visibleOptions(each)
        .map(({ long, short, description }) => {
          const flags = [long && `-l ${long.slice(2)}`, short && `-s ${short.slice(1)}`].filter(Boolean).join(" ");
          return `complete -c ${name} -n '__fish_seen_subcommand_from ${each.name()}' ${flags} -d ${quoted(description)}`;
        }),
    ])
    .join("\n");
}

/** The long options of a command, and its help. */
function flagsOf(command: Command): string[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, short }) => long ?? short ?? []);
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
