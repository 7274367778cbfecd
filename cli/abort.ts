import { Command } from "commander";
import { tell } from "../rollout/ledger.ts";
import { whoAmI } from "../rollout/who.ts";
import { aboutDriving, assertOpen, type DrivingOptions, takeOver } from "./driving.ts";
import { ownersHere } from "./owners.ts";
import { findService, type ServiceOptions } from "./services.ts";

/** `gray abort`: takes the rollout that is open back, users first. */
export function abortCommand(): Command {
  return aboutDriving(new Command("abort"))
    .description("take the rollout that is open back to what stable ran; exit code 0 when that is done")
    .requiredOption("--because <why>", "the reason, kept in the record")
    .action(abort);
}

async function abort(options: ServiceOptions & DrivingOptions & { because: string }): Promise<void> {
  const found = await findService(options);
  const owners = ownersHere(found, "gray abort");
  const ending = { by: await whoAmI(found.api), because: options.because, at: new Date().toISOString() };
  await tell(found, (rollout) => {
    const open = assertOpen(found.service, rollout);
    return { open: { ...open, ending: open.ending ?? ending } };
  });
  await takeOver(found, owners, options, { undone: 0 });
}
