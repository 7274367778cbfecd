#!/usr/bin/env node
/** The `gray` command: what a person would otherwise do by hand between the two stacks. One file a verb. */
import { Command } from "commander";
import { Refusal } from "../components/refusal.ts";
import { ApiError } from "../rollout/cluster.ts";
import { approveCommand } from "./approve.ts";
import { destroyCommand } from "./destroy.ts";
import { sandboxCommand } from "./sandbox.ts";
import { statusCommand } from "./status.ts";

const program = new Command("gray")
  .description("gray release on Kubernetes: dark, canary, full, and back again from anywhere")
  .option("--debug", "show the stack of an error")
  .addCommand(statusCommand())
  .addCommand(approveCommand())
  .addCommand(destroyCommand())
  .addCommand(sandboxCommand());

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof Refusal || error instanceof ApiError;
  if (program.opts().debug || !known) console.error(error);
  else console.error(`gray: ${error.message}`);
  process.exitCode = 1;
}
