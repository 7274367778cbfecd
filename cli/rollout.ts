import { Command } from "commander";
import { Refusal } from "../components/refusal.ts";
import { intentOf } from "../rollout/intent.ts";
import { Lease } from "../rollout/lease.ts";
import { Ledger } from "../rollout/ledger.ts";
import { releaseOf } from "../rollout/live.ts";
import type { RolloutRecord } from "../rollout/record.ts";
import { whoAmI } from "../rollout/who.ts";
import { previewStack } from "./changes.ts";
import { aboutDriving, type DrivingOptions, driveOn } from "./driving.ts";
import { type Owners, ownersHere } from "./owners.ts";
import { type FoundService, findService, type ServiceOptions } from "./services.ts";

interface Options extends ServiceOptions, DrivingOptions {}

/** `gray rollout`: brings the program's newest release through the steps of its plan. */
export function rolloutCommand(): Command {
  return aboutDriving(new Command("rollout"))
    .description("bring the newest release to the users step by step; exit code 0 done, 3 undone, 4 held")
    .action(rollout);
}

async function rollout(options: Options): Promise<void> {
  const found = await findService(options);
  const owners = ownersHere(found, "gray rollout");
  const { release, steps } = await intended(found, owners);
  const from = releaseOf(found.deployments.stable);
  const { service } = found;
  if (from === undefined) {
    throw new Refusal(
      `${service} has no stable Deployment that runs a release, so there is nothing to go back to: run pulumi up of both stacks once.`,
    );
  }
  if (release === from) {
    throw new Refusal(
      `Stable of ${service} runs release ${release} already, which is the newest that the program describes: change the image or a config file, then run gray rollout.`,
    );
  }
  const by = await whoAmI(found.api);
  const lease = await Lease.take(found, (sentence) => console.error(sentence));
  try {
    const begun = { release, from, by, began: new Date().toISOString(), steps: [...steps], step: 0 };
    const ledger = await Ledger.open(found, (epoch, record) => {
      assertFree(service, record, release);
      return { ...begun, epoch, weight: 0, runs: { canary: from, stable: from } };
    });
    await driveOn(found, owners, { ledger, lease }, options);
  } finally {
    await lease.release();
  }
}

/** What the program wants, by a preview of canary's stack. */
async function intended({ service, deployments }: FoundService, { folder, stacks }: Owners) {
  const stack = stacks.canary;
  if (stack === undefined) {
    throw new Refusal(`${service} has no canary Deployment: run pulumi up of both stacks once.`);
  }
  const preview = await previewStack(stack, folder);
  if (preview.error !== undefined) throw new Refusal(`pulumi preview --stack ${stack} says: ${preview.error}`);
  const component = preview.services.find((each) => each.service === service);
  try {
    return intentOf(component?.inputs);
  } catch (error) {
    const runs = releaseOf(deployments.canary);
    const undone = preview.warnings.find((warning) => warning.includes("was undone"));
    throw new Refusal(
      component === undefined
        ? `The program has nothing new for ${service}, whose canary runs ${runs}${undone ? ` (${undone.replace(/\.$/, "")})` : ""}: change the image or a config file, then run gray rollout.`
        : `What the program says of ${service} cannot be understood (${(error as Error).message}): use the gray of the version that the program uses.`,
    );
  }
}

/** @throws Refusal if a rollout is open, or the release is known to be bad */
function assertFree(service: string, { open, verdicts }: RolloutRecord, release: string): void {
  if (open) {
    throw new Refusal(
      `A rollout of ${open.release} of ${service} is open: gray resume goes on with it, gray abort takes it back.`,
    );
  }
  const judged = verdicts[release];
  if (judged?.verdict === "bad") {
    throw new Refusal(
      `Release ${release} of ${service} was judged bad (${judged.by}: ${judged.because}): change it, or overrule that with gray approve.`,
    );
  }
}
