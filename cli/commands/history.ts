import { Command } from "commander";
import { readRecord, unreadable } from "../../record/record-store.ts";
import { rolloutIn } from "../../rollout/rollout.ts";
import { plainTable } from "../output/table.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

/** How a rollout ended, in words for people. */
const outcomes = { promoted: "promoted", undone: "rolled back", superseded: "superseded" } as const;

/** `gray history`: prints the latest rollouts and how they ended. */
export function historyCommand(): Command {
  return withServiceOptions(new Command("history"))
    .summary("list the latest rollouts and how they ended")
    .description("Lists the latest rollouts of a service, newest first, and how they ended.")
    .option("--json", "print the rollouts as JSON")
    .action(history);
}

async function history(options: ServiceOptions & { json?: boolean }): Promise<void> {
  const found = await findService(options);
  const { namespace, service } = found;
  const reading = await readRecord(found);
  if (reading.kind === "unreadable") throw unreadable(found, reading);
  const record = reading.kind === "read" ? reading.record : undefined;
  const open = record && rolloutIn(service, record);
  const ended = record?.ended ?? [];
  if (options.json) {
    console.log(JSON.stringify({ service, namespace, open, ended }, undefined, 2));
    return;
  }
  const underWay = open ? [[open.began, "", open.release, open.from, open.by, "under way", ""]] : [];
  const rows = ended.map((each) => [
    each.began,
    each.ended,
    each.release,
    each.from,
    each.by,
    outcomes[each.outcome],
    each.reason,
  ]);
  console.log(
    underWay.length + rows.length === 0
      ? `The record of ${service} has no rollout: start one with gray rollout.`
      : plainTable(["BEGAN", "ENDED", "RELEASE", "FROM", "BY", "OUTCOME", "REASON"], [...underWay, ...rows]),
  );
}
