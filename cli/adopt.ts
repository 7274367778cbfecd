import { Command } from "commander";
import { Refusal } from "../components/refusal.ts";
import type { Track } from "../components/traffic.ts";
import { connect } from "../rollout/cluster.ts";
import { findAccess } from "../rollout/kubeconfig.ts";
import { clusterId, isAdopted, readDeployment } from "../rollout/live.ts";
import { readRecord } from "../rollout/record.ts";
import { changeLines, previewStack, type StackPreview, shortName } from "./changes.ts";
import { askFirst, readStacks, runPulumi, type Stack } from "./stacks.ts";

interface Options {
  readonly stack?: readonly string[];
  readonly context?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is to be done: for a person to read, and the stacks whose `up` does it, one after the other. */
interface Phase {
  readonly phase: 1 | 2;
  readonly says: string;
  readonly previews: readonly StackPreview[];
  readonly ups: readonly string[];
  /** Variables of their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What a person does next. */
  readonly next: string;
}

/** `gray adopt`: a service that kubectl or Helm made comes under gray release, in two phases. */
export function adoptCommand(): Command {
  return new Command("adopt")
    .description("take in a live Deployment, Service and Ingress as they are; run again, promote the first release")
    .argument("<service>", "the name of all three, and of the service in this project's program")
    .option("--stack <names...>", "the stacks that own it, where the project has others besides")
    .option("--context <name>", "context of the kubeconfig, where it is not the current one")
    .option("--yes", "do not ask")
    .option("--json", "what was done as JSON")
    .action(adopt);
}

async function adopt(service: string, options: Options): Promise<void> {
  const all = await readStacks();
  const stacks = all.filter(({ name }) => options.stack === undefined || options.stack.includes(shortName(name)));
  const [stable, canary] = [ownerOf(stacks, service, "stable"), ownerOf(stacks, service, "canary")];
  const goesOn = () => isUnderWay(stable?.namespace ?? "", service, options.context);
  const found =
    stable && canary
      ? await secondPhase(service, stable.stack, canary.stack, await goesOn())
      : await firstPhase(service, stacks);
  const { phase, says, previews, ups, env, next } = found;
  if (!options.json) console.log(`${says}\n\n${changeLines(previews)}\n`);
  if (!options.yes) {
    const question = `This runs pulumi up of ${ups.map(shortName).join(", then ")}.`;
    await askFirst("gray adopt", question, "Nothing was adopted.");
  }
  for (const stack of ups) {
    await runPulumi(
      "gray adopt",
      ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack],
      options.json,
      env,
    );
  }
  if (phase === 2 && (await goesOn())) {
    throw new Refusal(
      `Stable of ${service} runs what was adopted, still: take release out of the configuration of ${shortName(ups[0] ?? "")}, so that it follows canary, then run gray adopt ${service} again.`,
    );
  }
  console.log(options.json ? JSON.stringify({ service, phase, stacks: ups.map(shortName) }) : next);
}

/** The stack that has a track of the service in its state. */
function ownerOf(stacks: readonly Stack[], service: string, track: Track) {
  const owned = stacks.flatMap(({ name, services }) => services.map((each) => ({ ...each, stack: name })));
  return owned.find((each) => each.service === service && each.tracks.includes(track));
}

/** Whether pods of a service still serve that were there before us. */
async function isUnderWay(namespace: string, service: string, context: string | undefined): Promise<boolean> {
  const api = connect(findAccess({ context }));
  const [record, deployment] = await Promise.all([
    readRecord(api, namespace, service, await clusterId(api)),
    readDeployment(api, namespace, service, "stable"),
  ]);
  return isAdopted(deployment) || (record.kind === "read" && record.record.adopted !== undefined);
}

/**
 * What stands is imported as it is, by the stacks whose program describes it: stable's Deployment first, which changes
 * nothing, then the front, beside which canary's pods begin.
 *
 * @throws Refusal if the program would not take it in, or several stacks would
 */
async function firstPhase(service: string, stacks: readonly Stack[]): Promise<Phase> {
  // By this the program, which pulumi runs, knows what it is asked.
  const env = { GRAY_ADOPT: service };
  const previews: StackPreview[] = [];
  for (const { name, services } of stacks) {
    if (services.some((each) => each.service === service)) continue;
    const preview = await previewStack(name, ".", env);
    if (preview.error !== undefined) {
      throw new Refusal(`pulumi preview --stack ${shortName(name)} says: ${preview.error}`);
    }
    previews.push(preview);
  }
  const imports = (kind: string) =>
    previews.filter(({ changes }) =>
      changes.some((each) => each.operation === "import" && each.kind === kind && each.name === service),
    );
  const takers = [imports("Deployment"), imports("Service")];
  const several = takers.find((each) => each.length > 1);
  if (several) {
    const names = several.map(({ stack }) => shortName(stack)).join(" and ");
    throw new Refusal(`Both ${names} would take ${service} in, and each object has one owner: name one with --stack.`);
  }
  const taking = [...new Set(takers.flat())];
  if (taking.length === 0) {
    throw new Refusal(
      `There is no Deployment ${service} to adopt, or no stack of this project describes a service ${service}: look at kubectl get deployments, and at the names in the program.`,
    );
  }
  return {
    phase: 1,
    says: `Phase 1 of 2: ${service} is taken in as it is. Its pods stay, and canary's come beside them.`,
    previews: taking,
    ups: taking.map(({ stack }) => stack),
    env,
    next: `${service} is adopted: from here on nothing but pulumi may write its objects, so take them out of what made them. Next: gray verify, and gray adopt ${service} once the release on canary is judged good.`,
  };
}

/**
 * Stable rolls once, to pods that have the label `track`, and the pods of before end. Then the front is as the program says,
 * and stable is protected again.
 *
 * @throws Refusal if the service is not being adopted, or the gate would not let the release pass
 */
async function secondPhase(service: string, stable: string, canary: string, goesOn: boolean): Promise<Phase> {
  if (!goesOn) {
    throw new Refusal(`${service} has nothing left to adopt: release with pulumi up, as any other service.`);
  }
  const preview = await previewStack(stable, ".");
  const stops = preview.warnings.find((each) => /up would stop here\.$| stable stays at /.test(each));
  if (preview.error ?? stops) throw new Refusal(preview.error ?? stops ?? "");
  return {
    phase: 2,
    says: `Phase 2 of 2: stable of ${service} rolls once, to the release that canary runs. A second Deployment with pods of track stable takes the place of the adopted one, whose pods serve until it is complete.`,
    previews: [preview],
    ups: [stable, ...(canary === stable ? [] : [canary]), stable],
    env: {},
    next: `${service} is under gray release: every weight, and gateway, can be had from here on.`,
  };
}
