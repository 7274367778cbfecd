import { Command } from "commander";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/cluster.ts";
import { Superseded } from "../record/epoch.ts";
import { abortCommand } from "./commands/abort.ts";
import { adoptCommand } from "./commands/adopt.ts";
import { approveCommand } from "./commands/approve.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { historyCommand } from "./commands/history.ts";
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

/**
 * Runs the `gray` command: what a person would otherwise do by hand between the two stacks. One file a verb.
 *
 * Exit codes:
 *
 * 0. Done. A verdict is good, a rollout promoted (or taken back, where that was asked for), checks passed.
 * 1. Refused or failed: one sentence on standard error says why.
 * 2. Wrong usage.
 * 3. A verdict is bad, a rollout undone, a check failed.
 * 4. A verdict is undecided, a rollout held: the traffic stays as it is, and a person is to decide.
 * 70. A bug, with its stack (EX_SOFTWARE of sysexits.h).
 */
export async function runGray(...more: Command[]): Promise<void> {
  const program = new Command("gray")
    .description("gray release on Kubernetes: dark, canary, full, and back again from anywhere")
    .option("--debug", "show the stack of an error")
    .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2));
  const commands = [
    planCommand(),
    rolloutCommand(),
    watchCommand(),
    pauseCommand(),
    resumeCommand(),
    abortCommand(),
    promoteCommand(),
    undoCommand(),
    historyCommand(),
    statusCommand(),
    verifyCommand(),
    probeCommand(),
    approveCommand(),
    policyCommand(),
    logsCommand(),
    adoptCommand(),
    destroyCommand(),
    ...more,
  ];
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  try {
    await program.parseAsync();
  } catch (error) {
    const known = error instanceof UserError || error instanceof ApiError || error instanceof Superseded;
    if (program.opts().debug || !known) console.error(error);
    else console.error(`gray: ${error.message}`);
    process.exitCode = known ? 1 : 70;
  }
}
