import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { cutOffNow } from "../../cutoff/cutoff.ts";
import { writeEvents } from "../../kubernetes/event.ts";
import { Superseded } from "../../record/epoch.ts";
import type { RolloutRecord } from "../../record/record.ts";
import { type Rollout, rolloutIn } from "../../rollout/rollout.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import { untilCutOff } from "../../rollout/user-cutoff.ts";
import { decisionFor } from "../decision.ts";
import {
  assertOpen,
  assertTakesEffect,
  type DrivingOptions,
  setUpDriver,
  takeOver,
  withDrivingOptions,
  withRetries,
} from "../driving.ts";
import { reasonOption } from "../options/reason.ts";

/** `gray abort`: rolls the open rollout back, and takes users off canary first. */
export function abortCommand(): Command {
  return withDrivingOptions(new Command("abort"))
    .summary("take users off canary, then roll back")
    .description(
      "Takes users off canary first, from any folder, and then rolls both tracks back to the previous release of stable. If no driver is alive to roll back, run it in the project folder. Exit code 0 when the rollback is done.",
    )
    .addOption(reasonOption())
    .action(abort);
}

async function abort(options: DrivingOptions & { reason: string }): Promise<void> {
  const setup = await setUpDriver(options, "gray abort");
  const { found } = setup;
  const { service } = found;
  // Whether a driver is alive is found out meanwhile: neither the record nor the cutoff waits for it.
  const heard = assertTakesEffect(setup);
  heard.catch(() => {});
  const rollbackRequested = await withRetries(() => decisionFor(found.api, options.reason));
  let aborted: Rollout | undefined;
  await withRetries(() =>
    recordDecision(found, (rollout) => {
      aborted = assertOpen(found, rollout);
      return { open: { ...aborted, rollbackRequested: aborted.rollbackRequested ?? rollbackRequested } };
    }),
  );
  const { began, release, rollbackRequested: before } = aborted ?? assertOpen(found, undefined);
  const report = (sentence: string) => console.error(sentence);
  // The driver cuts too, but it may be dead, or in the middle of another effect.
  const fence = (record: RolloutRecord) => {
    if (rolloutIn(service, record)?.began !== began) throw new Superseded(`The rollout of ${release} is over.`);
  };
  const isOff = await untilCutOff(() => cutOffNow({ ...found, fence }, report), report).catch((error) => {
    if (!(error instanceof Superseded)) throw error;
    return true;
  });
  if (before === undefined) {
    const message = `${rollbackRequested.by} aborted the rollout of ${release}: ${rollbackRequested.reason}`;
    await writeEvents(found, { type: "Warning", reason: "RolloutAborted", message });
  }
  await heard.catch((error) => {
    if (!(error instanceof UserError)) throw error;
    const canary = isOff ? "canary is cut off" : "canary goes on serving, because no pod of stable is ready";
    throw new UserError(
      `The abort of ${found.service} is stored and ${canary}, but no gray process is alive to finish the rollback: ${error.message}`,
    );
  });
  await takeOver(setup, options, { release, began }, { undone: 0 });
}
