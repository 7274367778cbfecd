import { Command } from "commander";
import { Refusal } from "../components/refusal.ts";
import { whoAmI } from "../rollout/cluster/who.ts";
import { tell } from "../rollout/drive/ledger.ts";
import { atLastStep } from "../rollout/drive/rollout.ts";
import { writeEvents } from "../rollout/live/event.ts";
import { aboutDriving, assertHeard, assertOpen, type DrivingOptions, equip, takeOver } from "./driving.ts";
import { reasonIn } from "./reason.ts";

/** `gray promote`: skips the rest of the steps, by a person's word. */
export function promoteCommand(): Command {
  return aboutDriving(new Command("promote"))
    .description("judge the release that is rolled out good and skip the rest of its steps")
    .requiredOption("--because <why>", "the reason, kept in the record (300 characters)", reasonIn)
    .action(promote);
}

async function promote(options: DrivingOptions & { because: string }): Promise<void> {
  const equipment = await equip(options, "gray promote");
  await assertHeard(equipment);
  const { found } = equipment;
  const word = { by: await whoAmI(found.api), because: options.because, at: new Date().toISOString() };
  let release = "";
  await tell(found, (rollout, { verdicts }) => {
    const open = assertOpen(found.service, rollout);
    if (open.ending) {
      throw new Refusal(
        `The rollout of ${open.release} of ${found.service} goes back already (${open.ending.by}: ${open.ending.because}): wait until it has, approve the release and begin again.`,
      );
    }
    release = open.release;
    const verdict = { ...verdicts[release], verdict: "good" as const, ...word };
    return { open: atLastStep(open, word), verdicts: { ...verdicts, [release]: verdict } };
  });
  const message = `${word.by} judged release ${release} good and skips the rest of its steps: ${word.because}`;
  await writeEvents(found, { type: "Normal", reason: "RolloutSkipsSteps", message });
  await takeOver(equipment, options);
}
