import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { isRetryable } from "../../kubernetes/answer.ts";
import type { DeployedService } from "../../live/live.ts";
import type { RolloutRecord } from "../../record/record.ts";
import { readRecord, unreadable } from "../../record/record-store.ts";
import { describeEnded, endOf } from "../../rollout/end.ts";
import { type Driver, readDriver } from "../../rollout/lease-object.ts";
import { LeaseWatch, type Sign } from "../../rollout/lease-watch.ts";
import { continueOrRollBack } from "../../rollout/remedy.ts";
import { type Rollout, rolloutIn } from "../../rollout/rollout.ts";
import { type Snapshot, timelineEvents } from "../../rollout/timeline.ts";
import { assertOpen, exitCodes } from "../driving.ts";
import { rolloutLines, rolloutStatus } from "../output/rollout-status.ts";
import { type Print, printer } from "../output/timeline-lines.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

interface Options extends ServiceOptions {
  readonly stay?: boolean;
  readonly json?: boolean;
}

/** Milliseconds between two reads of the cluster. */
const pollMilliseconds = 1000;

/** `gray watch`: follows the open rollout from any machine, and changes nothing. */
export function watchCommand(): Command {
  return withServiceOptions(new Command("watch"))
    .summary("follow the open rollout")
    .description(
      "Follows the open rollout from any machine, and changes nothing. Exit code 0 promoted, 3 rolled back, 4 superseded or without a driver.",
    )
    .option("--stay", "wait while no driver is alive, instead of ending (always so on a terminal)")
    .option("--json", "print one JSON object per event and line")
    .action(watch);
}

async function watch(options: Options): Promise<void> {
  const found = { ...(await findService(options)), context: options.context };
  const watch = new LeaseWatch();
  const first = await readState(found, watch);
  const open = assertOpen(found, first.snapshot?.rollout);
  const print = printer(found, options.json === true);
  const initial = rolloutStatus(open, first.driver, first.sign);
  if (options.json) print("open", initial.name, initial);
  else for (const line of rolloutLines(found, initial, Date.now())) print("open", line);
  const endsWithoutDriver = options.stay !== true && process.stdout.isTTY !== true;
  const end = await follow(found, watch, first, print, endsWithoutDriver);
  print("end", end.reason, { release: open.release, end: end.kind });
  process.exitCode = exitCodes[end.kind === "promoted" || end.kind === "undone" ? end.kind : "held"];
}

/** What one read of the cluster shows. */
interface ClusterState {
  readonly driver: Driver | undefined;
  readonly sign: Sign;
  readonly record: RolloutRecord | undefined;
  readonly snapshot: Snapshot | undefined;
}

interface End {
  readonly kind: "promoted" | "undone" | "superseded" | "left";
  readonly reason: string;
}

async function follow(
  found: DeployedService & { readonly context: string | undefined },
  watch: LeaseWatch,
  first: ClusterState,
  print: Print,
  endsWithoutDriver: boolean,
): Promise<End> {
  let before = first;
  // A driver counts as alive until it is known to be dead.
  let isDriven = first.sign !== "dead";
  let isUnavailable = false;
  for (;;) {
    const snapshot = before.snapshot as Snapshot;
    const { release, stoppedReason } = snapshot.rollout;
    const noDriver = `no driver is alive, and the traffic stays as it is: ${continueOrRollBack({ ...found, release })}`;
    if (!isDriven && endsWithoutDriver)
      return { kind: "left", reason: stoppedReason ? `${stoppedReason.reason}; ${noDriver}` : noDriver };
    await sleep(pollMilliseconds);
    let now: ClusterState;
    try {
      now = await readState(found, watch);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (!isUnavailable) print("note", `${(error as Error).message} Trying again until it answers.`);
      isUnavailable = true;
      watch.missed();
      continue;
    }
    if (isUnavailable) print("note", "The cluster answers again.");
    isUnavailable = false;
    const ended = endSeen(now, snapshot.rollout);
    if (ended) return ended;
    const to = now.snapshot as Snapshot;
    for (const { kind, reason } of timelineEvents(snapshot, to)) {
      print(kind, reason, { release, step: to.rollout.step + 1, weight: to.rollout.weight });
    }
    const driven = now.sign !== "dead";
    if (driven && !isDriven) print("driver", `${now.driver?.name} is driving it`);
    if (!driven && isDriven && !endsWithoutDriver) print("driver", noDriver);
    isDriven = driven;
    before = now;
  }
}

/** Reads the lease before the record: a driver releases its lease only after the rollout has ended. */
async function readState(found: DeployedService, watch: LeaseWatch): Promise<ClusterState> {
  const driver = await readDriver(found);
  const sign = watch.see(driver);
  const reading = await readRecord(found);
  if (reading.kind === "unreadable") throw unreadable(found, reading);
  const record = reading.kind === "read" ? reading.record : undefined;
  const rollout = record && rolloutIn(found.service, record);
  return { driver, sign, record, snapshot: rollout && { rollout, verdict: record.verdicts[rollout.release] } };
}

/** How a rollout has ended; undefined while it is open. */
function endSeen({ record, snapshot }: ClusterState, { began, release }: Rollout): End | undefined {
  if (snapshot?.rollout.began === began && snapshot.rollout.release === release) return undefined;
  const ended = record && endOf({ began, release }, record);
  if (!ended) return { kind: "superseded", reason: "the record no longer has this rollout: see gray history" };
  return { kind: ended.outcome, reason: describeEnded(ended) };
}
