import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { otherId } from "../../components/secret-args.ts";
import { UserError } from "../../components/user-error.ts";
import { itemsOf } from "../../evaluation/assess.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { whoAmI } from "../../kubernetes/who.ts";
import { type DeployedService, isAdopted, releaseOf, runs } from "../../live/live.ts";
import type { RecordReading, RolloutRecord } from "../../record/record.ts";
import { readRecord, unreadable } from "../../record/record-store.ts";
import { Driven } from "../../rollout/driven.ts";
import { type Intent, intentOf } from "../../rollout/intent.ts";
import { Lease } from "../../rollout/lease.ts";
import { type Rollout, rolloutIn } from "../../rollout/rollout.ts";
import { RolloutStore } from "../../rollout/rollout-store.ts";
import { type DrivingOptions, drive, setUpDriver, withDrivingOptions } from "../driving.ts";
import { countsOf } from "../options/sources.ts";
import { type BrokenOptions, brokenDecision, brokenOption } from "../options/stable-is-broken.ts";
import { describedIn, previewStack } from "../output/changes.ts";
import { assertRunsHere, type Owners } from "../owners.ts";
import { judgeStacks } from "../previews.ts";
import { assertPasses } from "./judge.ts";

interface Options extends DrivingOptions, BrokenOptions {
  readonly policyPack?: string;
  readonly supersede?: boolean;
}

/** `gray rollout`: brings the newest release of the program through the steps of its plan. */
export function rolloutCommand(): Command {
  return withDrivingOptions(new Command("rollout"))
    .summary("release the newest version step by step")
    .description(
      "Brings the newest release of the program to the users, step by step. Exit code 0 promoted, 3 rolled back, 4 holding.",
    )
    .option("--policy-pack <folder>", "start only if the previews of both stacks pass these policies")
    .option("--supersede", "end the open rollout, and start from dark with the newest release")
    .addOption(brokenOption())
    .action(rollout);
}

async function rollout(options: Options): Promise<void> {
  const setup = await setUpDriver(options, "gray rollout");
  const { found, announcer } = setup;
  const owners = assertRunsHere(await setup.owners());
  const { api, service, deployments } = found;
  const supersedes = options.supersede === true;
  const reading = await readRecord(found);
  if (reading.kind === "unreadable") throw unreadable(found, reading);
  if (reading.kind === "read") assertNoneOpen(found, reading.record, supersedes);
  assertOurPods(found, reading);
  itemsOf(found, countsOf(options));
  const { release, steps } = await readIntent(found, owners);
  const from = releaseOf(deployments.stable);
  if (from === undefined) {
    throw new UserError(
      `${service} has no stable Deployment that runs a release, so there is nothing to roll back to: run pulumi up of each stack once.`,
    );
  }
  if (release === from) {
    throw new UserError(
      `Stable of ${service} already runs release ${release}, the newest that the program describes: change the image or a config file, then run gray rollout.`,
    );
  }
  if (reading.kind === "read") assertMayBegin(found, reading.record, release);
  if (options.policyPack !== undefined) assertPasses(await judgeStacks(owners, options.policyPack));
  const by = await whoAmI(api);
  const began = new Date().toISOString();
  let former: Rollout | undefined;
  const open = () =>
    RolloutStore.open(found, (epoch, record) => {
      assertNoneOpen(found, record, supersedes);
      assertMayBegin(found, record, release);
      former = rolloutIn(service, record);
      const runs = { canary: from, stable: from };
      return {
        epoch,
        release,
        from,
        by,
        began,
        steps: [...steps],
        step: 0,
        weight: 0,
        runs,
        ...brokenDecision(options, by),
      };
    });
  // The driver of the former rollout stops as soon as it reads the higher epoch, and releases its lease.
  const opened = supersedes ? await open() : undefined;
  const lease = supersedes ? await leaseAfterStop(found) : await Lease.take(found, warn);
  try {
    const store = opened ?? (await open());
    const superseding = former ? `, in place of ${former.release}` : "";
    announcer.begin({ release, began }, `${by} rolls out release ${release} over ${from}${superseding}`);
    await drive(setup, { store, lease }, options);
  } finally {
    await lease.release();
    await announcer.settled();
  }
}

const warn = (sentence: string) => console.error(sentence);

/** Takes the lease as soon as the former driver has stopped, which takes seconds. */
async function leaseAfterStop(found: DeployedService): Promise<Lease> {
  for (let reported = false; ; reported = true) {
    try {
      return await Lease.take(found, warn);
    } catch (error) {
      if (!(error instanceof Driven)) throw error;
      if (!reported) warn(`${error.who} is still driving the former rollout: waiting for it to stop.`);
      await sleep(1000);
    }
  }
}

/**
 * The release and the steps that the program describes, from a preview of canary's stack. A preview without changes does not prove
 * that canary runs the release: after a failed `up` the state has the new inputs already, but canary's Deployment may run another
 * release, or lack pods.
 *
 * @throws UserError if canary already runs the release, there is none to roll out, or its id is known only in `up`
 */
async function readIntent(found: DeployedService, { folder, stacks }: Owners) {
  const { service, deployments } = found;
  const stack = stacks.canary;
  if (stack === undefined) {
    throw new UserError(`${service} has no canary Deployment: run pulumi up of the stack that owns canary once.`);
  }
  const preview = await previewStack(stack, folder, {}, "all");
  if (preview.error !== undefined) throw new UserError(`pulumi preview --stack ${stack} failed: ${preview.error}`);
  const component = describedIn([preview], found);
  if (component === undefined) {
    throw new UserError(
      `The program of stack ${stack} describes no service ${service}: restore it in the program, then run gray rollout.`,
    );
  }
  let intent: Intent;
  try {
    intent = intentOf(component.inputs);
  } catch (error) {
    throw new UserError(
      `The component of ${service} in the program is of another version of gray-release (${(error as Error).message}): run the gray command of the version that the program uses.`,
    );
  }
  const unknown = preview.warnings.find((text) => text.startsWith(`${service}: `) && text.endsWith(`${otherId}.`));
  if (unknown !== undefined) {
    throw new UserError(
      `${unknown.slice(0, -1)}: run pulumi up of stack ${stack} once with "release": "current" in the program, which leaves canary as it is, then run gray rollout without it.`,
    );
  }
  const rolledBack = preview.warnings.find((warning) => warning.includes("was rolled back"));
  if (component.changes || (rolledBack === undefined && !runs(deployments.canary, intent.release))) return intent;
  throw new UserError(
    rolledBack ??
      `The program has no new release of ${service}, whose canary runs ${intent.release}: change the image or a config file, then run gray rollout.`,
  );
}

/** @throws UserError if adopted pods still serve: canary cannot be dark beside them, and a rollout starts with a dark canary */
function assertOurPods({ service, namespace, deployments }: DeployedService, reading: RecordReading): void {
  const adopted = reading.kind === "read" && reading.record.adopted !== undefined;
  if (!adopted && !isAdopted(deployments.stable)) return;
  throw new UserError(
    `${service} was adopted, and a rollout is possible only after its first promotion, because canary cannot be dark before: judge the release with gray verify or gray approve, then promote it with gray adopt ${service} -n ${namespace}.`,
  );
}

/** @throws UserError if a rollout is open that a new one may not end. @param supersedes whether `--supersede` is given */
function assertNoneOpen({ service, namespace }: ServiceHandle, record: RolloutRecord, supersedes: boolean): void {
  const open = rolloutIn(service, record);
  if (open === undefined) return;
  if (!supersedes) {
    throw new UserError(
      `A rollout of ${open.release} of ${service} is open: continue it with gray resume -n ${namespace} --service ${service}, roll it back with gray abort --reason "…" -n ${namespace} --service ${service}, or replace it with gray rollout --supersede -n ${namespace} --service ${service}.`,
    );
  }
  if (open.rollbackRequested || open.runs.stable !== open.from) {
    const [state, otherwise] = open.rollbackRequested
      ? [
          "is already rolling back",
          `continue it with gray resume -n ${namespace} --service ${service} if no process drives it`,
        ]
      : [
          "has already reached stable",
          `roll it back with gray abort --reason "…" -n ${namespace} --service ${service}`,
        ];
    throw new UserError(
      `The rollout of ${open.release} of ${service} ${state}: wait until it has ended (gray watch), or ${otherwise}.`,
    );
  }
}

/** @throws UserError if a rollout of the release is open, or the release was judged bad */
function assertMayBegin(
  { service, namespace }: ServiceHandle,
  { open, verdicts }: RolloutRecord,
  release: string,
): void {
  if (open?.release === release) {
    throw new UserError(
      `A rollout of ${release} of ${service} is already open: continue it with gray resume -n ${namespace} --service ${service}.`,
    );
  }
  const judged = verdicts[release];
  if (judged?.verdict === "bad") {
    throw new UserError(
      `Release ${release} of ${service} was judged bad (${judged.by}: ${judged.reason}): release another version, or overrule the verdict with gray approve ${release} --reason "…" -n ${namespace} --service ${service}.`,
    );
  }
}
