import { Command } from "commander";
import { writeEvents } from "../../kubernetes/event.ts";
import { whoAmI } from "../../kubernetes/who.ts";
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
import { type BrokenOptions, brokenDecision, brokenOption } from "../options/stable-is-broken.ts";

/** `gray resume`: continues the open rollout after a pause, a crash of its driver, or a hold. */
export function resumeCommand(): Command {
  return withDrivingOptions(new Command("resume"))
    .summary("continue after a pause, a hold or a crash")
    .description(
      "Continues the open rollout after a pause, a hold or a crash of its driver. A step whose time was over gets its full time again. Exit code 0 promoted, 3 rolled back, 4 holding.",
    )
    .addOption(brokenOption())
    .action(resume);
}

async function resume(options: DrivingOptions & BrokenOptions): Promise<void> {
  const setup = await setUpDriver(options, "gray resume");
  await assertTakesEffect(setup);
  const { found } = setup;
  const by = await whoAmI(found.api);
  let decided = { release: "", began: "" };
  await recordDecision(found, (rollout) => {
    const open = assertOpen(found, rollout);
    decided = open;
    return { open: { ...resumed(open, Date.now()), ...brokenDecision(options, by) } };
  });
  const basis = options.stableIsBroken ? ", by canary's own rates while stable is broken" : "";
  const message = `${by} goes on with the rollout of ${decided.release}${basis}`;
  await writeEvents(found, { type: "Normal", reason: "RolloutResumed", message });
  await takeOver(setup, options, decided);
}
