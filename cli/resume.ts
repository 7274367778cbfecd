import { Command } from "commander";
import { tell } from "../rollout/ledger.ts";
import { resumed } from "../rollout/rollout.ts";
import { aboutDriving, assertOpen, type DrivingOptions, takeOver } from "./driving.ts";
import { ownersHere } from "./owners.ts";
import { findService, type ServiceOptions } from "./services.ts";

/** `gray resume`: goes on with the rollout that is open, after a pause, a crash, or where it held. */
export function resumeCommand(): Command {
  return aboutDriving(new Command("resume"))
    .description("go on with the rollout that is open; exit code 0 done, 3 undone, 4 held")
    .action(resume);
}

async function resume(options: ServiceOptions & DrivingOptions): Promise<void> {
  const found = await findService(options);
  const owners = ownersHere(found, "gray resume");
  await tell(found, (rollout) => ({ open: resumed(assertOpen(found.service, rollout), Date.now()) }));
  await takeOver(found, owners, options);
}
