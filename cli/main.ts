import { Command } from "commander";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../rollout/cluster/cluster.ts";
import { Superseded } from "../rollout/record/epoch.ts";
import { abortCommand } from "./abort.ts";
import { adoptCommand } from "./adopt.ts";
import { approveCommand } from "./approve.ts";
import { destroyCommand } from "./destroy.ts";
import { historyCommand } from "./history.ts";
import { logsCommand } from "./logs.ts";
import { pauseCommand } from "./pause.ts";
import { planCommand } from "./plan.ts";
import { policyCommand } from "./policy.ts";
import { probeCommand } from "./probe.ts";
import { promoteCommand } from "./promote.ts";
import { resumeCommand } from "./resume.ts";
import { rolloutCommand } from "./rollout.ts";
import { statusCommand } from "./status.ts";
import { undoCommand } from "./undo.ts";
import { verifyCommand } from "./verify.ts";
import { watchCommand } from "./watch.ts";

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
  const verbs = [
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
  for (const verb of verbs) program.addCommand(verb.copyInheritedSettings(program));
  try {
    await program.parseAsync();
  } catch (error) {
    const known = error instanceof UserError || error instanceof ApiError || error instanceof Superseded;
    if (program.opts().debug || !known) console.error(error);
    else console.error(`gray: ${error.message}`);
    process.exitCode = known ? 1 : 70;
  }
}
