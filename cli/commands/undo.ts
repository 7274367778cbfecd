import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { writeEvents } from "../../kubernetes/event.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { releaseOf } from "../../live/live.ts";
import { type RolloutRecord, stableReleases } from "../../record/record.ts";
import { readRecord, unreadable } from "../../record/record-store.ts";
import { readConfigMaps, releasesIn } from "../../record/release-store.ts";
import { Lease } from "../../rollout/lease.ts";
import { RolloutStore } from "../../rollout/rollout-store.ts";
import { decisionFor } from "../decision.ts";
import { type DrivingOptions, drive, setUpDriver, withDrivingOptions } from "../driving.ts";
import { reasonOption } from "../options/reason.ts";
import { assertRunsHere } from "../owners.ts";

interface Options extends DrivingOptions {
  readonly to?: string;
  readonly reason: string;
}

/** `gray undo`: after a finished rollout, rolls both tracks back to a stored release, all pods of stable at once. */
export function undoCommand(): Command {
  return withDrivingOptions(new Command("undo"))
    .summary("roll back after a finished rollout")
    .description(
      "After a finished rollout, rolls both tracks back to the previous stable release, or to another stored one. Exit code 0 when done.",
    )
    .option("--to <release>", "id of the release to roll back to (default: the previous stable release)")
    .addOption(reasonOption())
    .action(undo);
}

async function undo(options: Options): Promise<void> {
  const setup = await setUpDriver(options, "gray undo");
  const { found } = setup;
  const owners = assertRunsHere(await setup.owners());
  const { api, service, deployments } = found;
  const reading = await readRecord(found);
  if (reading.kind === "unreadable") throw unreadable(found, reading);
  if (reading.kind === "read") assertNoneOpen(found, reading.record);
  const release = releaseOf(deployments.stable);
  if (release === undefined)
    throw new UserError(
      `${service} has no stable Deployment, so there is nothing to roll back: run pulumi up of the stack that owns stable first.`,
    );
  if (owners.unanswered) throw owners.unanswered;
  const stored = releasesIn(service, await readConfigMaps(found)).releases.map(({ id }) => id);
  const from = target(service, [...stored, ...(owners.exported ?? [])], release, stableReleases(reading), options.to);
  const rollbackRequested = await decisionFor(api, options.reason);
  const { by, at: began } = rollbackRequested;
  const lease = await Lease.take(found, (sentence) => console.error(sentence));
  try {
    const store = await RolloutStore.open(found, (epoch, record) => {
      assertNoneOpen(found, record);
      const steps = [{ stage: "full" as const, approval: false, watch: 0 }];
      const runs = { canary: from, stable: from };
      return { epoch, release, from, by, began, steps, step: 0, weight: 0, runs, rollbackRequested };
    });
    const message = `${by} rolls release ${release} back to ${from}: ${options.reason}`;
    await writeEvents(found, { type: "Warning", reason: "RollbackRequested", message });
    await drive(setup, { store, lease }, options, { undone: 0 });
  } finally {
    await lease.release();
  }
}

function assertNoneOpen({ service, namespace }: ServiceHandle, { open }: RolloutRecord): void {
  if (open)
    throw new UserError(
      `A rollout of ${open.release} of ${service} is open, and gray undo rolls back finished ones: roll it back with gray abort --reason "…" -n ${namespace} --service ${service}.`,
    );
}

/** The release to roll back to. @param all ids of the stored releases. @throws UserError if it is not one of them */
function target(
  service: string,
  all: readonly string[],
  release: string,
  stableHistory: readonly string[],
  asked: string | undefined,
): string {
  const wanted = asked ?? stableHistory.find((id) => id !== release);
  const storedReleases = all.filter((id) => id !== release);
  if (wanted === release)
    throw new UserError(`Stable of ${service} already runs release ${release}: name another one with --to.`);
  if (wanted !== undefined && storedReleases.includes(wanted)) return wanted;
  const choices =
    storedReleases.length > 0 ? `choose one of ${storedReleases.join(", ")} with --to` : "no other release is stored";
  throw new UserError(
    wanted === undefined
      ? `The record of ${service} has no previous stable release before ${release}: ${choices}.`
      : `Release ${wanted} of ${service} is not stored: ${choices}.`,
  );
}
