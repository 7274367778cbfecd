import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { writeEvents } from "../../kubernetes/event.ts";
import { atLastStep } from "../../rollout/rollout.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import { decisionFor } from "../decision.ts";
import {
  assertOpen,
  assertTakesEffect,
  type DrivingOptions,
  setUpDriver,
  takeOver,
  withDrivingOptions,
} from "../driving.ts";
import { reasonOption } from "../options/reason.ts";

/** `gray promote`: judges the release good by the user's decision, and skips the remaining steps but the last. */
export function promoteCommand(): Command {
  return withDrivingOptions(new Command("promote"))
    .summary("judge the release good and go to the last step")
    .description(
      "Judges the release of the open rollout good and goes straight to the last step. Exit code 0 promoted, 3 rolled back, 4 holding.",
    )
    .addOption(reasonOption())
    .action(promote);
}

async function promote(options: DrivingOptions & { reason: string }): Promise<void> {
  const setup = await setUpDriver(options, "gray promote");
  await assertTakesEffect(setup);
  const { found } = setup;
  const decision = await decisionFor(found.api, options.reason);
  let decided = { release: "", began: "" };
  await recordDecision(found, (rollout, { verdicts }) => {
    const open = assertOpen(found, rollout);
    if (open.rollbackRequested) {
      throw new UserError(
        `The rollout of ${open.release} of ${found.service} is already rolling back (${open.rollbackRequested.by}: ${open.rollbackRequested.reason}): wait until it has ended (gray watch), then run gray approve ${open.release} --reason "…" -n ${found.namespace} --service ${found.service} and gray rollout -n ${found.namespace} --service ${found.service}.`,
      );
    }
    decided = open;
    const { release } = open;
    const verdict = { ...verdicts[release], verdict: "good" as const, ...decision };
    return { open: atLastStep(open, decision), verdicts: { ...verdicts, [release]: verdict } };
  });
  const message = `${decision.by} judged release ${decided.release} good and skips the rest of its steps: ${decision.reason}`;
  await writeEvents(found, { type: "Normal", reason: "RolloutSkipsSteps", message });
  await takeOver(setup, options, decided);
}
