import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { whoAmI } from "../../kubernetes/who.ts";
import { writeEvents } from "../../live/event.ts";
import { isAdopted, releaseOf, runs } from "../../live/live.ts";
import { type RecordReading, type RolloutRecord, readRecord, unreadable } from "../../record/record.ts";
import { type Intent, intentOf } from "../../rollout/intent.ts";
import { Driven, Lease } from "../../rollout/lease.ts";
import { type Rollout, rolloutIn } from "../../rollout/rollout.ts";
import { RolloutStore } from "../../rollout/rollout-store.ts";
import { type DrivingOptions, drive, setUpDriver, withDrivingOptions } from "../driving.ts";
import { previewStack } from "../output/changes.ts";
import { assertRunsHere, type Owners } from "../owners.ts";
import { judgeStacks } from "../previews.ts";
import type { FoundService } from "../services.ts";
import { assertPasses } from "./judge.ts";

interface Options extends DrivingOptions {
  readonly policyPack?: string;
  readonly supersede?: boolean;
}

/** `gray rollout`: brings the program's newest release through the steps of its plan. */
export function rolloutCommand(): Command {
  return withDrivingOptions(new Command("rollout"))
    .description("bring the newest release to the users step by step; exit code 0 done, 3 undone, 4 held")
    .option("--policy-pack <folder>", "begin only if the previews of both stacks pass these policies")
    .option("--supersede", "end a rollout that is open, and begin from dark with the release of now")
    .action(rollout);
}

async function rollout(options: Options): Promise<void> {
  const setup = await setUpDriver(options, "gray rollout");
  const { found, notifier } = setup;
  const owners = assertRunsHere(await setup.owners());
  const { api, cluster, namespace, service, deployments } = found;
  const supersedes = options.supersede === true;
  const reading = await readRecord(api, namespace, service, cluster);
  if (reading.kind === "unreadable") throw unreadable(namespace, service, reading.why);
  if (reading.kind === "read") assertNoneOpen(service, reading.record, supersedes);
  assertOurPods(found, reading);
  const { release, steps } = await readIntent(found, owners);
  const from = releaseOf(deployments.stable);
  if (from === undefined) {
    throw new UserError(
      `${service} has no stable Deployment that runs a release, so there is nothing to go back to: run pulumi up of both stacks once.`,
    );
  }
  if (release === from) {
    throw new UserError(
      `Stable of ${service} runs release ${release} already, which is the newest that the program describes: change the image or a config file, then run gray rollout.`,
    );
  }
  if (reading.kind === "read") assertMayBegin(service, reading.record, release);
  if (options.policyPack !== undefined) assertPasses(await judgeStacks(owners, options.policyPack));
  const by = await whoAmI(api);
  const began = new Date().toISOString();
  let former: Rollout | undefined;
  const open = () =>
    RolloutStore.open(found, (epoch, record) => {
      assertNoneOpen(service, record, supersedes);
      assertMayBegin(service, record, release);
      former = rolloutIn(service, record);
      const runs = { canary: from, stable: from };
      return { epoch, release, from, by, began, steps: [...steps], step: 0, weight: 0, runs };
    });
  // Whoever drives the former one stops at the epoch of the new one, and gives its lease back.
  const opened = supersedes ? await open() : undefined;
  const lease = supersedes ? await leaseAfterStop(found) : await Lease.take(found, warn);
  try {
    const store = opened ?? (await open());
    const message = `${by} rolls out release ${release} over ${from}`;
    const superseding = former ? `, in place of ${former.release}` : "";
    await writeEvents(found, { type: "Normal", reason: "RolloutBegun", message: `${message}${superseding}` });
    void notifier.notify({ service, namespace, release, kind: "start", reason: `${message}${superseding}` });
    await drive(setup, { store, lease }, options);
  } finally {
    await lease.release();
  }
}

const warn = (sentence: string) => console.error(sentence);

/** The lease, as soon as its driver has stopped; one that is alive does so within seconds. */
async function leaseAfterStop(found: FoundService): Promise<Lease> {
  for (let reported = false; ; reported = true) {
    try {
      return await Lease.take(found, warn);
    } catch (error) {
      if (!(error instanceof Driven)) throw error;
      if (!reported) warn(`${error.who} still drives the former rollout: waiting for it to stop.`);
      await sleep(1000);
    }
  }
}

/**
 * What the program wants, by a preview of canary's stack. The state alone does not tell whether that is new: after an `up` that failed
 * it holds the program's words already, and canary's Deployment may still run something else, or not all of its pods.
 *
 * @throws Refusal if canary runs that already, or nothing can be rolled out
 */
async function readIntent({ service, deployments }: FoundService, { folder, stacks }: Owners) {
  const stack = stacks.canary;
  if (stack === undefined) {
    throw new UserError(`${service} has no canary Deployment: run pulumi up of both stacks once.`);
  }
  const preview = await previewStack(stack, folder, {}, "all");
  if (preview.error !== undefined) throw new UserError(`pulumi preview --stack ${stack} says: ${preview.error}`);
  const component = preview.services.find((each) => each.service === service);
  if (component === undefined) {
    throw new UserError(
      `The program of stack ${stack} describes no service ${service}: put it back, then run gray rollout.`,
    );
  }
  let intent: Intent;
  try {
    intent = intentOf(component.inputs);
  } catch (error) {
    throw new UserError(
      `What the program says of ${service} cannot be understood (${(error as Error).message}): use the gray of the version that the program uses.`,
    );
  }
  const undone = preview.warnings.find((warning) => warning.includes("was undone"));
  if (component.changes || (undone === undefined && !runs(deployments.canary, intent.release))) return intent;
  throw new UserError(
    undone ??
      `The program has nothing new for ${service}, whose canary runs ${intent.release}: change the image or a config file, then run gray rollout.`,
  );
}

/** @throws Refusal if pods serve that were there before us: beside them no canary can be dark, and so a rollout cannot begin */
function assertOurPods({ service, namespace, deployments }: FoundService, reading: RecordReading): void {
  const adopted = reading.kind === "read" && reading.record.adopted !== undefined;
  if (!adopted && !isAdopted(deployments.stable)) return;
  throw new UserError(
    `${service} was adopted, and until its first promotion canary cannot be dark, which is how a rollout begins: judge the release with gray verify or gray approve, then promote it with gray adopt ${service} -n ${namespace}.`,
  );
}

/** @throws Refusal if a rollout is open that may not be ended by a new one */
function assertNoneOpen(service: string, record: RolloutRecord, supersedes: boolean): void {
  const open = rolloutIn(service, record);
  if (open === undefined) return;
  if (!supersedes) {
    throw new UserError(
      `A rollout of ${open.release} of ${service} is open: gray resume goes on with it, gray abort takes it back, gray rollout --supersede begins anew.`,
    );
  }
  if (open.rollbackRequested || open.runs.stable !== open.from) {
    const what = open.rollbackRequested ? "goes back" : "has come to stable";
    throw new UserError(
      `The rollout of ${open.release} of ${service} ${what} already: let gray ${open.rollbackRequested ? "resume" : "abort"} bring it to its end first.`,
    );
  }
}

/** @throws Refusal if the release is rolled out already, or known to be bad */
function assertMayBegin(service: string, { open, verdicts }: RolloutRecord, release: string): void {
  if (open?.release === release) {
    throw new UserError(`A rollout of ${release} of ${service} is open already: gray resume goes on with it.`);
  }
  const judged = verdicts[release];
  if (judged?.verdict === "bad") {
    throw new UserError(
      `Release ${release} of ${service} was judged bad (${judged.by}: ${judged.reason}): change it, or overrule that with gray approve.`,
    );
  }
}
