import { Command } from "commander";
import { whoAmI } from "../../kubernetes/who.ts";
import { writeEvents } from "../../live/event.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import { assertOpen } from "../driving.ts";
import { reasonIn } from "../options/reason.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

interface Options extends ServiceOptions {
  readonly reason: string;
  readonly json?: boolean;
}

/** `gray pause`: the rollout stays where it is, longer than any deadline, and still goes back if it is bad. */
export function pauseCommand(): Command {
  return withServiceOptions(new Command("pause"))
    .description("hold the rollout that is open where it is, until gray resume; a bad verdict still takes it back")
    .requiredOption("--reason <why>", "the reason, kept in the record (300 characters)", reasonIn)
    .option("--json", "as JSON")
    .action(pause);
}

async function pause(options: Options): Promise<void> {
  const found = await findService(options);
  const { api, service, namespace } = found;
  const paused = { by: await whoAmI(api), reason: options.reason, at: new Date().toISOString() };
  let release = "";
  await recordDecision(found, (rollout) => {
    const open = assertOpen(service, rollout);
    release = open.release;
    return { open: { ...open, paused } };
  });
  const message = `${paused.by} paused the rollout of ${release}: ${paused.reason}`;
  await writeEvents(found, { type: "Warning", reason: "RolloutPaused", message });
  console.log(
    options.json
      ? JSON.stringify({ service, namespace, release, paused })
      : `The rollout of ${release} of ${service} in ${namespace} is paused by ${paused.by}: gray resume goes on, gray abort goes back. Until then a bad release goes back only while a driver lives: one without a terminal and without --stay ends now.`,
  );
}
