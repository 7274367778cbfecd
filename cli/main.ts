import { Command } from "commander";
import { Refusal } from "../components/refusal.ts";
import { ApiError } from "../rollout/cluster.ts";
import { abortCommand } from "./abort.ts";
import { adoptCommand } from "./adopt.ts";
import { approveCommand } from "./approve.ts";
import { destroyCommand } from "./destroy.ts";
import { historyCommand } from "./history.ts";
import { logsCommand } from "./logs.ts";
import { pauseCommand } from "./pause.ts";
import { planCommand } from "./plan.ts";
import { probeCommand } from "./probe.ts";
import { promoteCommand } from "./promote.ts";
import { resumeCommand } from "./resume.ts";
import { rolloutCommand } from "./rollout.ts";
import { statusCommand } from "./status.ts";
import { undoCommand } from "./undo.ts";
import { verifyCommand } from "./verify.ts";

/**
 * Runs the `gray` command: what a person would otherwise do by hand between the two stacks. One file a verb.
 *
 * Exit codes: 0 done, 1 refused or failed (one sentence on standard error says why), 2 wrong usage. A verb that ends with a
 * verdict: 0 good, 3 bad, 4 undecided. One that tries canary: 0 passed, 3 failed.
 */
export async function runGray(...more: Command[]): Promise<void> {
  const program = new Command("gray")
    .description("gray release on Kubernetes: dark, canary, full, and back again from anywhere")
    .option("--debug", "show the stack of an error")
    .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2));
  const verbs = [
    planCommand(),
    rolloutCommand(),
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
    logsCommand(),
    adoptCommand(),
    destroyCommand(),
    ...more,
  ];
  for (const verb of verbs) program.addCommand(verb.copyInheritedSettings(program));
  try {
    await program.parseAsync();
  } catch (error) {
    const known = error instanceof Refusal || error instanceof ApiError;
    if (program.opts().debug || !known) console.error(error);
    else console.error(`gray: ${error.message}`);
    process.exitCode = 1;
  }
}
