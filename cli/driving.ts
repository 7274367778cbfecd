import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { Refusal } from "../components/refusal.ts";
import { actuatorOf } from "../rollout/actuator.ts";
import { Unreachable } from "../rollout/cluster.ts";
import { drive, type End } from "../rollout/driver.ts";
import { Driven, Lease } from "../rollout/lease.ts";
import { Ledger } from "../rollout/ledger.ts";
import { settle, up } from "../rollout/pulumi.ts";
import type { Rollout } from "../rollout/rollout.ts";
import { Testimony } from "../rollout/witness.ts";
import type { Owners } from "./owners.ts";
import { audienceOf } from "./rollout-view.ts";
import { aboutService, type FoundService } from "./services.ts";
import { aboutSource, countsAtGateway, type SourceOptions, sourceOf } from "./sources.ts";

/** Exit codes of a rollout; 1 and 2 are what they are for every verb. */
const exitCodes: Readonly<Record<End["kind"], number>> = { promoted: 0, undone: 3, held: 4, stopped: 4 };

export interface DrivingOptions extends SourceOptions {
  readonly stay?: boolean;
  readonly json?: boolean;
}

/** A verb that drives, with its options. */
export function aboutDriving(verb: Command): Command {
  return aboutSource(aboutService(verb))
    .option("--stay", "wait where it holds, instead of ending; so it does on a terminal anyway")
    .option("--json", "one JSON object a line for each thing that happens");
}

/**
 * Drives a rollout that is open in the record, shows how it goes, and sets the exit code by what it came to.
 *
 * @param codes exit codes that are others for this verb
 */
export async function driveOn(
  found: FoundService,
  { folder, stacks }: Owners,
  { ledger, lease }: { readonly ledger: Ledger; readonly lease: Lease },
  options: DrivingOptions,
  codes: Partial<typeof exitCodes> = {},
): Promise<void> {
  const { api, cluster, namespace, service } = found;
  const { canary, stable } = stacks;
  if (canary === undefined || stable === undefined) {
    throw new Refusal(
      `${service} has no two tracks yet: run pulumi up of both stacks first, then there is one to compare with.`,
    );
  }
  const ending = new AbortController();
  const stop = () => ending.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const audience = audienceOf(found, options.json === true);
  const witness = new Testimony({
    api,
    cluster,
    namespace,
    service,
    source: sourceOf(options, found),
    counts: { pairs: options.pair.map(({ name }) => name), atGateway: countsAtGateway(options) },
    note: audience.note,
    seen: audience.seen,
    signal: ending.signal,
  });
  const actuator = actuatorOf({
    api,
    cluster,
    namespace,
    service,
    stacks: { canary, stable },
    up: (stack, epoch, signal) =>
      up({ stack, folder, env: { GRAY_EPOCH: String(epoch) }, signal, say: audience.progress }),
    evidence: () => witness.evidence,
    folder: join(folder, ".gray"),
    note: audience.note,
  });
  let held = lease;
  let end: End;
  try {
    const leavesHolding = options.stay !== true && process.stdout.isTTY !== true;
    for (;;) {
      const signal = AbortSignal.any([ending.signal, held.lost]);
      end = await drive({ ledger, actuator, witness, audience, leavesHolding, signal });
      if (end.kind !== "stopped" || ending.signal.aborted) break;
      audience.note((held.lost.reason as Error).message);
      held = await retaken(found, audience.note, ending.signal);
    }
  } finally {
    ending.abort();
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await witness.end();
    await held.release();
  }
  audience.end(end);
  process.exitCode = { ...exitCodes, ...codes }[end.kind];
}

/** The lease again after it ran out, as in a long silence of the cluster. @throws Driven if somebody else has it now */
async function retaken(found: FoundService, note: (sentence: string) => void, signal: AbortSignal): Promise<Lease> {
  for (;;) {
    try {
      return await Lease.take(found, note);
    } catch (error) {
      if (!(error instanceof Unreachable) || signal.aborted) throw error;
      await sleep(1000);
    }
  }
}

/** Drives the rollout that is open from here on, or leaves that to whoever drives it. */
export async function takeOver(
  found: FoundService,
  owners: Owners,
  options: DrivingOptions,
  codes: Partial<typeof exitCodes> = {},
): Promise<void> {
  let lease: Lease;
  try {
    lease = await Lease.take(found, (sentence) => console.error(sentence));
  } catch (error) {
    if (!(error instanceof Driven)) throw error;
    console.log(`${error.message} It goes by your word; gray status shows how.`);
    return;
  }
  try {
    const ledger = await Ledger.takeOver(found, (rollout) => assertOpen(found.service, rollout));
    // Whoever drove it before may have been killed in the middle of an up.
    await Promise.all(
      [...new Set(Object.values(owners.stacks))].map((stack) => settle({ stack, folder: owners.folder })),
    );
    await driveOn(found, owners, { ledger, lease }, options, codes);
  } finally {
    await lease.release();
  }
}

/** The rollout that is open. @throws Refusal if there is none */
export function assertOpen(service: string, rollout: Rollout | undefined): Rollout {
  if (rollout) return rollout;
  throw new Refusal(`No rollout of ${service} is open: gray rollout begins one, gray history lists those that ended.`);
}
