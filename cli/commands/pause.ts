import { Command } from "commander";
import { writeEvents } from "../../kubernetes/event.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import { decisionFor } from "../decision.ts";
import { assertOpen } from "../driving.ts";
import { reasonOption } from "../options/reason.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

interface Options extends ServiceOptions {
  readonly reason: string;
  readonly json?: boolean;
}

/** `gray pause`: holds the open rollout at its step, past any deadline. A bad verdict still rolls it back. */
export function pauseCommand(): Command {
  return withServiceOptions(new Command("pause"))
    .summary("hold the open rollout at its step")
    .description(
      "Holds the open rollout at its step until gray resume, past any deadline. A bad verdict still rolls it back, as long as a driver is alive.",
    )
    .addOption(reasonOption())
    .option("--json", "print the result as JSON")
    .action(pause);
}

async function pause(options: Options): Promise<void> {
  const found = await findService(options);
  const { api, service, namespace } = found;
  const paused = await decisionFor(api, options.reason);
  let release = "";
  await recordDecision(found, (rollout) => {
    const open = assertOpen(found, rollout);
    release = open.release;
    return { open: { ...open, paused } };
  });
  const message = `${paused.by} paused the rollout of ${release}: ${paused.reason}`;
  await writeEvents(found, { type: "Warning", reason: "RolloutPaused", message });
  console.log(
    options.json
      ? JSON.stringify({ service, namespace, release, paused })
      : `The rollout of ${release} of ${service} in ${namespace} is paused by ${paused.by}: continue with gray resume -n ${namespace} --service ${service}, or roll back with gray abort --reason "…" -n ${namespace} --service ${service}. Until then a bad verdict rolls it back only while a driver is alive; a driver without a terminal and without --stay ends now.`,
  );
}
