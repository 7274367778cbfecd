import { Command } from "commander";
import { Refusal } from "../components/refusal.ts";
import { whoAmI } from "../rollout/cluster/who.ts";
import { cutNow } from "../rollout/drive/actuator.ts";
import { untilCut } from "../rollout/drive/effect.ts";
import { readDriver } from "../rollout/drive/lease.ts";
import { tell } from "../rollout/drive/ledger.ts";
import { writeEvents } from "../rollout/live/event.ts";
import { aboutDriving, assertHeard, assertOpen, type DrivingOptions, equip, takeOver } from "./driving.ts";
import { reasonIn } from "./reason.ts";

/** `gray abort`: takes the rollout that is open back, users first. */
export function abortCommand(): Command {
  return aboutDriving(new Command("abort"))
    .description("take the rollout that is open back to what stable ran; exit code 0 when that is done")
    .requiredOption("--because <why>", "the reason, kept in the record (300 characters)", reasonIn)
    .action(abort);
}

async function abort(options: DrivingOptions & { because: string }): Promise<void> {
  const equipment = await equip(options, "gray abort");
  const { found } = equipment;
  const heard = assertHeard(equipment);
  heard.catch(() => {});
  const driver = await readDriver(found);
  // A driver that may be alive is told at once, and whether it is shows afterwards: users wait for it.
  if (!driver || driver.gone) await heard;
  const ending = { by: await whoAmI(found.api), because: options.because, at: new Date().toISOString() };
  let told: string | undefined;
  await tell(found, (rollout) => {
    const open = assertOpen(found.service, rollout);
    told = open.ending ? undefined : `${ending.by} aborted the rollout of ${open.release}: ${ending.because}`;
    return { open: { ...open, ending: open.ending ?? ending } };
  });
  // A driver does it as well. But a dead one is waited for, and one that is alive may be in the middle of something.
  const say = (sentence: string) => console.error(sentence);
  await untilCut(() => cutNow(found, say), say);
  if (told !== undefined) {
    await writeEvents(found, { type: "Warning", reason: "RolloutAborted", message: told });
  }
  await heard.catch((error) => {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(`The record says that the rollout is to go back, and no driver is alive: ${error.message}`);
  });
  await takeOver(equipment, options, { undone: 0 });
}
