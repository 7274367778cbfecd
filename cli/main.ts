/** The `gray` command: its subcommands by group, and how it ends. Each subcommand has a file of its own in `commands/`. */
import { Command } from "commander";
import { UnsafePath } from "../border/path.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { Superseded } from "../record/epoch.ts";
import { abortCommand } from "./commands/abort.ts";
import { adoptCommand } from "./commands/adopt.ts";
import { approveCommand } from "./commands/approve.ts";
import { completionCommand } from "./commands/completion.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { historyCommand } from "./commands/history.ts";
import { initCommand } from "./commands/init.ts";
import { logsCommand } from "./commands/logs.ts";
import { pauseCommand } from "./commands/pause.ts";
import { planCommand } from "./commands/plan.ts";
import { policyCommand } from "./commands/policy.ts";
import { probeCommand } from "./commands/probe.ts";
import { promoteCommand } from "./commands/promote.ts";
import { resumeCommand } from "./commands/resume.ts";
import { rolloutCommand } from "./commands/rollout.ts";
import { statusCommand } from "./commands/status.ts";
import { undoCommand } from "./commands/undo.ts";
import { verifyCommand } from "./commands/verify.ts";
import { watchCommand } from "./commands/watch.ts";
import { packageVersions } from "./options/versions.ts";

/** The subcommands, in the groups and the order in which `gray --help` lists them. */
const groups: readonly (readonly [heading: string, commands: readonly (() => Command)[]])[] = [
  ["Observe (changes nothing):", [statusCommand, watchCommand, historyCommand, logsCommand, planCommand]],
  [
    "Release:",
    [
      rolloutCommand,
      pauseCommand,
      resumeCommand,
      promoteCommand,
      abortCommand,
      undoCommand,
      verifyCommand,
      probeCommand,
      approveCommand,
    ],
  ],
  ["Operate:", [initCommand, adoptCommand, destroyCommand]],
  ["Develop:", [policyCommand, completionCommand]],
];

/**
 * Runs the `gray` command with the arguments of this process, and sets the exit code.
 *
 * Exit codes:
 *
 * 0. Done: the verdict is good, the rollout is promoted (or rolled back, where you asked for that), the checks passed.
 * 1. Refused or failed: one sentence on standard error gives the reason.
 * 2. Wrong usage.
 * 3. The verdict is bad, the rollout was rolled back, a check failed.
 * 4. The verdict is undecided, or the rollout holds: the traffic stays as it is until you decide.
 * 70. A bug, printed with its stack (EX_SOFTWARE of sysexits.h).
 *
 * @param develop further subcommands for the group "Develop"
 */
export async function runGray(...develop: Command[]): Promise<void> {
  const program = grayProgram(...develop);
  try {
    await program.parseAsync();
  } catch (error) {
    const known =
      error instanceof UserError ||
      error instanceof ApiError ||
      error instanceof Superseded ||
      error instanceof UnsafePath;
    if (program.opts().debug || !known) console.error(error);
    else console.error(`gray: ${error.message}`);
    process.exitCode = known ? 1 : 70;
  }
}

/** The `gray` command with its subcommands. @param develop further subcommands for the group "Develop" */
export function grayProgram(...develop: Command[]): Command {
  const program = new Command("gray")
    .usage("[options] <command>")
    .description("Canary releases on Kubernetes with Pulumi: dark, canary, full, and a rollback at any time.")
    .version(packageVersions().gray, "-V, --version", "print the version")
    .option("--debug", "print the stack of an error")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", "\nRun gray <command> --help for the options and exit codes of a command.")
    .configureHelp({ subcommandTerm, visibleCommands: ({ commands }) => [...commands] })
    .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2));
  for (const [heading, commands] of groups) {
    for (const command of commands) program.addCommand(command().helpGroup(heading).copyInheritedSettings(program));
  }
  for (const command of develop) program.addCommand(command.helpGroup("Develop:").copyInheritedSettings(program));
  return program;
}

/** A subcommand with its required argument alone, so that each fits one line of `gray --help`. */
function subcommandTerm(command: Command): string {
  const required = command.registeredArguments.filter((argument) => argument.required);
  return [command.name(), ...required.map((argument) => `<${argument.name()}>`)].join(" ");
}
