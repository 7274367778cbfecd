import { Command } from "commander";
import { stackStateKey } from "../../components/history.ts";
import type { Track } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";
import { type Cluster, connect } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { clusterId, type DeploymentObject, isAdopted, readDeployment } from "../../live/live.ts";
import { readRecord } from "../../record/record.ts";
import { changeLines, previewStack, type StackPreview, shortName } from "../output/changes.ts";
import { askFirst, assertSameCluster, readStacks, runPulumi, type Stack } from "../stacks.ts";

interface Options {
  readonly stack?: readonly string[];
  readonly namespace?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is to be done: for a person to read, and the stacks whose `up` does it, one after the other. */
interface Phase {
  readonly phase: 1 | 2;
  readonly summary: string;
  readonly previews: readonly StackPreview[];
  readonly upStacks: readonly string[];
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
    .option("-n, --namespace <name>", "its namespace, where the name stands in several")
    .option("--stack <names...>", "the stacks that own it, where the project has others besides")
    .option("--yes", "do not ask")
    .option("--json", "what was done as JSON")
    .action(adopt);
}

async function adopt(name: string, options: Options): Promise<void> {
  const all = await readStacks();
  const stacks = all.filter((stack) => options.stack === undefined || options.stack.includes(shortName(stack.name)));
  const api = connect(findAccess());
  const of: ServiceRef = { api, service: name, namespace: options.namespace ?? (await namespaceOf(api, name, stacks)) };
  const [stable, canary] = [ownerOf(stacks, of, "stable"), ownerOf(stacks, of, "canary")];
  const found = stable && canary ? await secondPhase(of, stable, canary) : await firstPhase(of, stacks);
  const { phase, summary, previews, upStacks, env, next } = found;
  if (!options.json) console.log(`${summary}\n\n${changeLines(previews)}\n`);
  if (!options.yes) {
    const question = `This runs pulumi up of ${upStacks.map(shortName).join(", then ")}.`;
    await askFirst("gray adopt", question, "Nothing was adopted.");
  }
  for (const stack of upStacks) {
    await runPulumi(
      "gray adopt",
      ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack],
      options.json,
      env,
    );
  }
  if (phase === 2) await assertAdoptionComplete(of, upStacks[0] ?? "");
  const { service, namespace } = of;
  console.log(options.json ? JSON.stringify({ service, namespace, phase, stacks: upStacks.map(shortName) }) : next);
}

/** What is adopted. */
interface ServiceRef {
  readonly api: Cluster;
  readonly service: string;
  readonly namespace: string;
}

/** The verb as a person types it to go on. */
function rerunCommand({ service, namespace }: ServiceRef): string {
  return `gray adopt ${service} -n ${namespace}`;
}

/**
 * The one namespace that can be meant: a stack has the service there, or a Deployment of its name stands there.
 *
 * @throws Refusal if there is none, or more than one
 */
async function namespaceOf(api: Cluster, service: string, stacks: readonly Stack[]): Promise<string> {
  const live = await api.list<DeploymentObject>("/apis/apps/v1/deployments");
  const owned = stacks.flatMap(({ services }) => services).filter((each) => each.service === service);
  const [only, ...others] = new Set([
    ...owned.map(({ namespace }) => namespace),
    ...live.filter(({ metadata }) => metadata.name === service).map(({ metadata }) => metadata.namespace),
  ]);
  if (only === undefined) throw nothingToAdopt(service, "the cluster");
  if (others.length > 0) {
    const namespaces = [only, ...others].sort().join(", ");
    throw new UserError(`There is ${service} in several namespaces (${namespaces}): choose one with -n.`);
  }
  return only;
}

function nothingToAdopt(service: string, where: string): UserError {
  return new UserError(
    `There is no Deployment ${service} to adopt in ${where}, or no stack of this project describes a service ${service} there: look at kubectl get deployments -A, and at the names in the program.`,
  );
}

/** The stack that has run a track of the service: one whose `up` ended half-way has still to take its part in. */
function ownerOf(stacks: readonly Stack[], { service, namespace }: ServiceRef, track: Track): Stack | undefined {
  return stacks
    .filter(({ knownServices }) => knownServices.includes(stackStateKey(namespace, service)))
    .find(({ services }) =>
      services.some((each) => each.service === service && each.namespace === namespace && each.tracks.includes(track)),
    );
}

/**
 * What stands is imported as it is, by the stacks whose program describes it: stable's Deployment first, which changes
 * nothing, then the front, beside which canary's pods begin.
 *
 * @throws Refusal if the program would not take it in, or several stacks would
 */
async function firstPhase(of: ServiceRef, stacks: readonly Stack[]): Promise<Phase> {
  const { service, namespace } = of;
  const key = stackStateKey(namespace, service);
  // By this the program, which pulumi runs, knows what it is asked.
  const env = { GRAY_ADOPT: key };
  const previews: StackPreview[] = [];
  for (const { name } of stacks.filter(({ knownServices }) => !knownServices.includes(key))) {
    const preview = await previewStack(name, ".", env);
    if (preview.error !== undefined) {
      throw new UserError(`pulumi preview --stack ${shortName(name)} says: ${preview.error}`);
    }
    previews.push(preview);
  }
  const imports = (kind: string) =>
    previews.filter(({ changes }) =>
      changes.some((each) => each.operation === "import" && each.kind === kind && each.name === service),
    );
  const importers = [imports("Deployment"), imports("Service")];
  const several = importers.find((each) => each.length > 1);
  if (several) {
    const names = several.map(({ stack }) => shortName(stack)).join(" and ");
    throw new UserError(
      `Both ${names} would take ${service} in, and each object has one owner: name one with --stack.`,
    );
  }
  const importing = [...new Set(importers.flat())];
  if (importing.length === 0) throw nothingToAdopt(service, `namespace ${namespace}`);
  return {
    phase: 1,
    summary: `Phase 1 of 2: ${service} is taken in as it is. Its pods stay, and canary's come beside them.`,
    previews: importing,
    upStacks: importing.map(({ stack }) => stack),
    env,
    next: `${service} is adopted: from here on nothing but pulumi may write its objects, so take them out of what made them. Next: gray verify, and ${rerunCommand(of)} once the release on canary is judged good.`,
  };
}

/**
 * Stable rolls once, to pods that have the label `track`, and the pods of before end. Then the front is as the program says,
 * and stable is protected again.
 *
 * @throws Refusal if the service is not being adopted, or the gate would not let the release pass
 */
async function secondPhase(of: ServiceRef, stable: Stack, canary: Stack): Promise<Phase> {
  const { api, service, namespace } = of;
  const cluster = await clusterId(api);
  assertSameCluster([stable, canary], cluster, "KUBECONFIG");
  const { runsAdopted, hasAdoptedPods } = await adoptionState(of, cluster);
  if (!runsAdopted && !hasAdoptedPods) {
    throw new UserError(`${service} has nothing left to adopt: release with pulumi up, as any other service.`);
  }
  const preview = await previewStack(stable.name, ".");
  const refusal = preview.warnings.find((each) => /up would stop here\.$| stable stays at /.test(each));
  if (preview.error ?? refusal) throw new UserError(preview.error ?? refusal ?? "");
  return {
    phase: 2,
    summary: `Phase 2 of 2: stable of ${service} rolls once, to the release that canary runs. A second Deployment with pods of track stable takes the place of the adopted one, whose pods serve until it is complete: so the cluster needs room for twice the pods, and where it lacks that, pulumi up waits (kubectl get pods -n ${namespace} shows what is Pending).`,
    previews: [preview],
    upStacks: [stable.name, ...(canary === stable ? [] : [canary.name]), stable.name],
    env: {},
    next: `${service} is under gray release: every weight, and gateway, can be had from here on.`,
  };
}

/** Whether the adopted Deployment is there still, and whether the record knows of pods of before. */
async function adoptionState(
  { api, service, namespace }: ServiceRef,
  cluster: string,
): Promise<{ runsAdopted: boolean; hasAdoptedPods: boolean }> {
  const [record, deployment] = await Promise.all([
    readRecord(api, namespace, service, cluster),
    readDeployment(api, namespace, service, "stable"),
  ]);
  return {
    runsAdopted: isAdopted(deployment),
    hasAdoptedPods: record.kind === "read" && record.record.adopted !== undefined,
  };
}

/** @param stable the stack that owns stable. @throws Refusal if pods of before are left */
async function assertAdoptionComplete(of: ServiceRef, stable: string): Promise<void> {
  const { runsAdopted, hasAdoptedPods } = await adoptionState(of, await clusterId(of.api));
  if (runsAdopted) {
    throw new UserError(
      `Stable of ${of.service} runs what was adopted, still: take release out of the configuration of ${shortName(stable)}, so that it follows canary, then run ${rerunCommand(of)}.`,
    );
  }
  if (hasAdoptedPods) {
    throw new UserError(
      `The pods of ${of.service} that were adopted serve on beside stable's, which were not all available: look at kubectl get pods -n ${of.namespace}, then run ${rerunCommand(of)}.`,
    );
  }
}
