import { Command } from "commander";
import { oneLine } from "../../border/foreign-text.ts";
import { helmAdvice } from "../../components/helm.ts";
import { serviceKey } from "../../components/history.ts";
import type { Track } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { clusterListPath } from "../../kubernetes/resources.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { clusterId, isAdopted, readDeployment } from "../../live/live.ts";
import { type RecordedService, readRecord } from "../../record/record-store.ts";
import { assertNoOtherWorkload } from "../other-workload.ts";
import { changeLines, describedIn, previewStack, type StackPreview, shortName } from "../output/changes.ts";
import { askFirst, assertSameCluster, readStacks, runPulumi, type Stack } from "../stacks.ts";

interface Options {
  readonly stack?: readonly string[];
  readonly namespace?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What one phase does, and the stacks whose `up` does it, one after the other. */
interface Phase {
  readonly phase: 1 | 2;
  /** A sentence or more for the user, printed above the changes. */
  readonly summary: string;
  readonly previews: readonly StackPreview[];
  readonly upStacks: readonly string[];
  /** Environment variables for these `up`s. */
  readonly env: Readonly<Record<string, string>>;
  /** What the user does next. */
  readonly next: string;
}

/** `gray adopt`: puts a live service of kubectl or Helm under gray release, in two phases. */
export function adoptCommand(): Command {
  return new Command("adopt")
    .summary("put a live service under gray release")
    .description(
      "Puts a service of kubectl or Helm under gray release, in two phases. The first run imports its live Deployment, Service and Ingress unchanged. Once the release on canary is judged good, the second run promotes it to stable.",
    )
    .argument("<service>", "name of the Deployment, Service and Ingress, and of the service in the program")
    .option("-n, --namespace <name>", "namespace of the service; required if the name exists in several")
    .option("--stack <names...>", "the stacks that may own the service (default: all stacks of the project)")
    .option("--yes", "do not ask for confirmation")
    .option("--json", "print the result as JSON")
    .action(adopt);
}

async function adopt(name: string, options: Options): Promise<void> {
  const all = await readStacks();
  const stacks = all.filter((stack) => options.stack === undefined || options.stack.includes(shortName(stack.name)));
  const api = connect(findAccess());
  const of: ServiceHandle = {
    api,
    service: name,
    namespace: options.namespace ?? (await namespaceOf(api, name, stacks)),
  };
  if ((await readDeployment(of, "stable")) === undefined) await assertNoOtherWorkload(api, name, of.namespace);
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

/** The command that continues the adoption. */
function rerunCommand({ service, namespace }: ServiceHandle): string {
  return `gray adopt ${service} -n ${namespace}`;
}

/**
 * The only namespace in which a stack has the service, or the cluster has a Deployment of its name.
 *
 * @throws UserError if there is none, or more than one
 */
async function namespaceOf(api: Cluster, service: string, stacks: readonly Stack[]): Promise<string> {
  const live = await api.list(clusterListPath("Deployment"));
  const owned = stacks.flatMap(({ services }) => services).filter((each) => each.service === service);
  const [only, ...others] = new Set([
    ...owned.map(({ namespace }) => namespace),
    ...live.filter(({ metadata }) => metadata.name === service).map(({ metadata }) => metadata.namespace),
  ]);
  if (only === undefined) {
    await assertNoOtherWorkload(api, service, undefined);
    throw nothingToAdopt(service, "the cluster");
  }
  if (others.length > 0) {
    const namespaces = [only, ...others].sort().join(", ");
    throw new UserError(`Several namespaces have ${service} (${namespaces}): choose one with -n.`);
  }
  return only;
}

function nothingToAdopt(service: string, where: string): UserError {
  return new UserError(
    `There is no Deployment ${service} to adopt in ${where}, or no stack of this project describes a service ${service} there: compare kubectl get deployments -A with the names in the program.`,
  );
}

/** Whether an `up` of the stack has completed for this service. */
function isKnown(
  { knownServices }: Stack,
  { service, namespace }: Pick<ServiceHandle, "service" | "namespace">,
): boolean {
  return knownServices.some((each) => each.service === service && each.namespace === namespace);
}

/**
 * The stack that owns a track of the service and has completed an `up` of it. A stack whose `up` ended half-way is not among
 * them, because it has not imported its objects yet.
 */
function ownerOf(stacks: readonly Stack[], { service, namespace }: ServiceHandle, track: Track): Stack | undefined {
  return stacks
    .filter((stack) => isKnown(stack, { namespace, service }))
    .find(({ services }) =>
      services.some((each) => each.service === service && each.namespace === namespace && each.tracks.includes(track)),
    );
}

/**
 * Phase 1: the stacks whose program describes the live objects import them. The stack with stable's Deployment comes first,
 * because it changes nothing; then the stack with the front, which starts canary's pods.
 *
 * @throws UserError if no stack imports the service, or several would
 */
async function firstPhase(of: ServiceHandle, stacks: readonly Stack[]): Promise<Phase> {
  const { service, namespace } = of;
  const key = serviceKey(namespace, service);
  // Tells the program, which pulumi runs, to import the live objects.
  const env = { GRAY_ADOPT: key };
  const previews: StackPreview[] = [];
  for (const { name } of stacks.filter((stack) => !isKnown(stack, of))) {
    const preview = await previewStack(name, ".", env);
    if (preview.error !== undefined) {
      throw new UserError(`pulumi preview --stack ${shortName(name)} failed: ${preview.error}`);
    }
    previews.push(preview);
  }
  const imports = (kind: string) =>
    previews.filter((preview) => {
      const resource = describedIn([preview], of)?.resource ?? service;
      return preview.changes.some(
        (each) => each.operation === "import" && each.kind === kind && each.name === resource,
      );
    });
  const importers = [imports("Deployment"), imports("Service")];
  const several = importers.find((each) => each.length > 1);
  if (several) {
    const names = several.map(({ stack }) => shortName(stack)).join(" and ");
    throw new UserError(
      `Both ${names} would import ${service}, but each object has one owner: choose the owner with --stack.`,
    );
  }
  const importing = [...new Set(importers.flat())];
  if (importing.length === 0) throw nothingToAdopt(service, `namespace ${namespace}`);
  const deployment = await readDeployment(of, "stable");
  const advice = deployment && helmAdvice(deployment.metadata);
  return {
    phase: 1,
    summary: [
      `Phase 1 of 2: ${service} is imported unchanged. Its pods stay, and canary's pods start beside them.`,
      ...(advice === undefined ? [] : ["", oneLine(advice, 2000)]),
    ].join("\n"),
    previews: importing,
    upStacks: importing.map(({ stack }) => stack),
    env,
    next: `${service} is adopted. From now on only pulumi may write its objects, so remove them from the manifests or the chart that made them. Next: gray verify, then ${rerunCommand(of)} once the release on canary is judged good.`,
  };
}

/**
 * Phase 2: stable rolls once, to pods with the label `track`, and the adopted pods end. Then the second stack applies the front
 * of the program, and the last `up` protects stable again.
 *
 * @throws UserError if the service is not being adopted, or the gate refuses the release
 */
async function secondPhase(of: ServiceHandle, stable: Stack, canary: Stack): Promise<Phase> {
  const { api, service, namespace } = of;
  const cluster = await clusterId(api);
  assertSameCluster([stable, canary], cluster, "KUBECONFIG");
  const { runsAdopted, hasAdoptedPods } = await adoptionState({ ...of, cluster });
  if (!runsAdopted && !hasAdoptedPods) {
    throw new UserError(`${service} has nothing left to adopt: release it with gray rollout or pulumi up.`);
  }
  const preview = await previewStack(stable.name, ".");
  const refusal = preview.warnings.find((each) => /up would stop here\.$| stable stays at /.test(each));
  if (preview.error ?? refusal) throw new UserError(preview.error ?? refusal ?? "");
  return {
    phase: 2,
    summary: `Phase 2 of 2: stable of ${service} rolls once, to the release that canary runs. A second Deployment replaces the adopted one, whose pods serve until the new pods are all available. The cluster needs room for twice the pods; if it lacks that, pulumi up waits (kubectl get pods -n ${namespace} shows which pods are Pending).`,
    previews: [preview],
    upStacks: [stable.name, ...(canary === stable ? [] : [canary.name]), stable.name],
    env: {},
    next: `${service} is under gray release: every weight, and a gateway, are available from now on.`,
  };
}

/** Whether the adopted Deployment still exists, and whether the record still has adopted pods. */
async function adoptionState(of: RecordedService): Promise<{ runsAdopted: boolean; hasAdoptedPods: boolean }> {
  const [record, deployment] = await Promise.all([readRecord(of), readDeployment(of, "stable")]);
  return {
    runsAdopted: isAdopted(deployment),
    hasAdoptedPods: record.kind === "read" && record.record.adopted !== undefined,
  };
}

/** @param stable the stack that owns stable. @throws UserError if adopted pods are left */
async function assertAdoptionComplete(of: ServiceHandle, stable: string): Promise<void> {
  const { runsAdopted, hasAdoptedPods } = await adoptionState({ ...of, cluster: await clusterId(of.api) });
  if (runsAdopted) {
    throw new UserError(
      `Stable of ${of.service} still runs the adopted version: run pulumi config rm release --stack ${shortName(stable)}, so that it follows canary, then run ${rerunCommand(of)}.`,
    );
  }
  if (hasAdoptedPods) {
    throw new UserError(
      `The adopted pods of ${of.service} still serve, because not all pods of stable were available: see kubectl get pods -n ${of.namespace}, then run ${rerunCommand(of)}.`,
    );
  }
}
