import { Command } from "commander";
import { whoAmI } from "../../kubernetes/who.ts";
import { writeEvents } from "../../live/event.ts";
import { resumed } from "../../rollout/rollout.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import {
  assertOpen,
  assertTakesEffect,
  type DrivingOptions,
  setUpDriver,
  takeOver,
  withDrivingOptions,
} from "../driving.ts";

/** `gray resume`: goes on with the rollout that is open, after a pause, a crash, or where it held. */
export function resumeCommand(): Command {
  return withDrivingOptions(new Command("resume"))
    .description("go on with the rollout that is open; exit code 0 done, 3 undone, 4 held")
    .action(resume);
}

async function resume(options: DrivingOptions): Promise<void> {
  const setup = await setUpDriver(options, "gray resume");
  await assertTakesEffect(setup);
  const { found } = setup;
  const by = await whoAmI(found.api);
  let release = "";
  await recordDecision(found, (rollout) => {
    const open = assertOpen(found.service, rollout);
    release = open.release;
    return { open: resumed(open, Date.now()) };
  });
  const message = `${by} goes on with the rollout of ${release}`;
  await writeEvents(found, { type: "Normal", reason: "RolloutResumed", message });
  await takeOver(setup, options);
}
