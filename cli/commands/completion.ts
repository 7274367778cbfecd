import { Argument, Command } from "commander";
import { completionScript, type Shell, shells } from "../output/completion-script.ts";

/** `gray completion <shell>`: prints a script that completes commands and options. */
export function completionCommand(): Command {
  return new Command("completion")
    .summary("print a completion script for a shell")
    .description(
      'Prints a script that completes commands and options. For bash and zsh: eval "$(gray completion bash)" (or zsh) in the start file; for fish: gray completion fish | source.',
    )
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .action((shell: Shell, _: object, command: Command) => {
      if (command.parent) console.log(completionScript(shell, command.parent));
    });
}
