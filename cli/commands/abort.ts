import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { whoAmI } from "../../kubernetes/who.ts";
import { cutNow } from "../../live/cut.ts";
import { writeEvents } from "../../live/event.ts";
import { Superseded } from "../../record/epoch.ts";
import type { RolloutRecord } from "../../record/record.ts";
import { untilCut } from "../../rollout/effect.ts";
import { type Rollout, rolloutIn } from "../../rollout/rollout.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import {
  assertOpen,
  assertTakesEffect,
  type DrivingOptions,
  setUpDriver,
  takeOver,
  withDrivingOptions,
  withRetries,
} from "../driving.ts";
import { reasonIn } from "../options/reason.ts";

/** `gray abort`: takes the rollout that is open back, users first. */
export function abortCommand(): Command {
  return withDrivingOptions(new Command("abort"))
    .description("take the rollout that is open back to what stable ran; exit code 0 when that is done")
    .requiredOption("--reason <why>", "the reason, kept in the record (300 characters)", reasonIn)
    .action(abort);
}

async function abort(options: DrivingOptions & { reason: string }): Promise<void> {
  const setup = await setUpDriver(options, "gray abort");
  const { found } = setup;
  const { service } = found;
  // Whether anybody drives shows meanwhile: users wait for neither.
  const heard = assertTakesEffect(setup);
  heard.catch(() => {});
  const rollbackRequested = {
    by: await withRetries(() => whoAmI(found.api)),
    reason: options.reason,
    at: new Date().toISOString(),
  };
  let aborted: Rollout | undefined;
  await withRetries(() =>
    recordDecision(found, (rollout) => {
      aborted = assertOpen(service, rollout);
      return { open: { ...aborted, rollbackRequested: aborted.rollbackRequested ?? rollbackRequested } };
    }),
  );
  const { began, release, rollbackRequested: before } = aborted ?? assertOpen(service, undefined);
  const report = (sentence: string) => console.error(sentence);
  // A driver cuts as well. But a dead one is waited for, and one that is alive may be in the middle of something.
  const fence = (record: RolloutRecord) => {
    if (rolloutIn(service, record)?.began !== began) throw new Superseded(`The rollout of ${release} is over.`);
  };
  await untilCut(() => cutNow({ ...found, fence }, report), report).catch((error) => {
    if (!(error instanceof Superseded)) throw error;
  });
  if (before === undefined) {
    const message = `${rollbackRequested.by} aborted the rollout of ${release}: ${rollbackRequested.reason}`;
    await writeEvents(found, { type: "Warning", reason: "RolloutAborted", message });
  }
  await heard.catch((error) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `Users are off canary and the record says that the rollout rolls back, but no driver is alive to finish it: ${error.message}`,
    );
  });
  await takeOver(setup, options, { undone: 0 });
}
