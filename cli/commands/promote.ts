import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { whoAmI } from "../../kubernetes/who.ts";
import { writeEvents } from "../../live/event.ts";
import { atLastStep } from "../../rollout/rollout.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import {
  assertOpen,
  assertTakesEffect,
  type DrivingOptions,
  setUpDriver,
  takeOver,
  withDrivingOptions,
} from "../driving.ts";
import { reasonIn } from "../options/reason.ts";

/** `gray promote`: skips the rest of the steps, by a person's word. */
export function promoteCommand(): Command {
  return withDrivingOptions(new Command("promote"))
    .description("judge the release that is rolled out good and skip the rest of its steps")
    .requiredOption("--reason <why>", "the reason, kept in the record (300 characters)", reasonIn)
    .action(promote);
}

async function promote(options: DrivingOptions & { reason: string }): Promise<void> {
  const setup = await setUpDriver(options, "gray promote");
  await assertTakesEffect(setup);
  const { found } = setup;
  const decision = { by: await whoAmI(found.api), reason: options.reason, at: new Date().toISOString() };
  let release = "";
  await recordDecision(found, (rollout, { verdicts }) => {
    const open = assertOpen(found.service, rollout);
    if (open.rollbackRequested) {
      throw new UserError(
        `The rollout of ${open.release} of ${found.service} goes back already (${open.rollbackRequested.by}: ${open.rollbackRequested.reason}): wait until it has, approve the release and begin again.`,
      );
    }
    release = open.release;
    const verdict = { ...verdicts[release], verdict: "good" as const, ...decision };
    return { open: atLastStep(open, decision), verdicts: { ...verdicts, [release]: verdict } };
  });
  const message = `${decision.by} judged release ${release} good and skips the rest of its steps: ${decision.reason}`;
  await writeEvents(found, { type: "Normal", reason: "RolloutSkipsSteps", message });
  await takeOver(setup, options);
}
