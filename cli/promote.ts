import { Command } from "commander";
import { tell } from "../rollout/ledger.ts";
import { atLastStep } from "../rollout/rollout.ts";
import { whoAmI } from "../rollout/who.ts";
import { aboutDriving, assertOpen, type DrivingOptions, takeOver } from "./driving.ts";
import { ownersHere } from "./owners.ts";
import { findService, type ServiceOptions } from "./services.ts";

/** `gray promote`: skips the rest of the steps, by a person's word. */
export function promoteCommand(): Command {
  return aboutDriving(new Command("promote"))
    .description("judge the release that is rolled out good and skip the rest of its steps")
    .requiredOption("--because <why>", "the reason, kept in the record")
    .action(promote);
}

async function promote(options: ServiceOptions & DrivingOptions & { because: string }): Promise<void> {
  const found = await findService(options);
  const owners = ownersHere(found, "gray promote");
  const word = { by: await whoAmI(found.api), because: options.because, at: new Date().toISOString() };
  await tell(found, (rollout, { verdicts }) => {
    const open = assertOpen(found.service, rollout);
    const verdict = { ...verdicts[open.release], verdict: "good" as const, ...word };
    return { open: atLastStep(open, word), verdicts: { ...verdicts, [open.release]: verdict } };
  });
  await takeOver(found, owners, options);
}
