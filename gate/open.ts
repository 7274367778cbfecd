/** Opens the rollout of a service in a program: reads its state, chooses its releases and asks the gate. */

import * as pulumi from "@pulumi/pulumi";
import type { AccessArgs } from "../components/access.ts";
import { assertBeside } from "../components/adoption.ts";
import { defaults } from "../components/defaults.ts";
import { configMapsToKeep, remember, type StackState, stackStateKey } from "../components/history.ts";
import { objectsOf } from "../components/objects.ts";
import { givenProvider, type ProviderOptions } from "../components/provider.ts";
import { type Release, renderRelease } from "../components/release.ts";
import { rollSeconds } from "../components/roll.ts";
import type { RolloutContext } from "../components/rollout-context.ts";
import { describeRule } from "../components/rule.ts";
import { assertServiceArgs, labelsOf, mainPort, type ServiceArgs, tracksOf } from "../components/service-args.ts";
import {
  describeTraffic,
  gatewayMode,
  replicasMode,
  rollOrder,
  shiftOf,
  type Track,
  type Traffic,
} from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { connect } from "../kubernetes/client.ts";
import { sameLabels } from "../live/labels.ts";
import { configMapsInUse, type Live, readLive, releaseOf } from "../live/live.ts";
import { assertGateways, assertRoutes, hasWeight, largestWeight } from "../live/routes.ts";
import { type Adopted, type RecordReading, stableReleases } from "../record/record.ts";
import { readRecord } from "../record/record-store.ts";
import { type VerdictAge, verdictAge } from "../record/verdict-age.ts";
import { adoptedReleaseOf, adoptionOf, adoptionPlan, adoptObjects, asAdopted, isAsked } from "./adopt.ts";
import { type Choice, chooseReleases } from "./choice.ts";
import { cutOver } from "./cutover.ts";
import { accessThrough, assertDeploysTo, findAccessOf } from "./destination.ts";
import { compareLive, driftIn } from "./drift.ts";
import { type Admission, frontHeld } from "./gate.ts";
import { type Guarded, hooksOf, recordComplete } from "./hooks.ts";
import { assertOwned, ownerOf, readObjects } from "./owner.ts";
import { assertKnown, assertPreconditions } from "./preconditions.ts";
import { providerFor } from "./provider.ts";
import { assumeReleased, readRendered, renderedFile, writeRendered } from "./rendered.ts";
import { sequences } from "./sequence.ts";
import {
  assertSameCluster,
  expectExported,
  ownStack,
  ownStackState,
  readStackStates,
  requestOwnStack,
  type StackStates,
} from "./stack-state.ts";
import { unseenContext } from "./unseen.ts";

/**
 * Reads the live state of a service, chooses the release of each track that this stack owns, and asks the gate. It does so before
 * anything is registered, so that a refused `up` changes nothing. In a preview a refusal is a warning.
 *
 * Environment variables: KUBECONFIG; GRAY_BREAK_GLASS=<reason> overrides the gate; GRAY_EPOCH identifies the driver;
 * GRAY_ADOPT=<namespace>/<service> adopts live objects (gray adopt); in a preview GRAY_RENDERED=<file> (rendered.ts).
 *
 * @param service the name of the service
 * @param args the same arguments that CanaryService gets
 * @param opts the same options that CanaryService gets. A provider in them, or in their parent, deploys the objects, and its cluster is
 *   read. @default gray-release's own provider, for the cluster of `access`, else of the configuration kubernetes:kubeconfig and
 *   kubernetes:context, else of the environment
 * @returns the opened rollout, which CanaryService needs
 * @throws UserError with one sentence that ends with what to do
 */
export async function openRollout(
  service: string,
  args: ServiceArgs,
  opts: ProviderOptions = {},
): Promise<RolloutContext> {
  assertServiceArgs(service, args);
  const rendered = renderRelease(service, labelsOf(service, args), args);
  const renderedPath = renderedFile();
  const { namespace } = args;
  const key = stackStateKey(namespace, service);
  requestOwnStack();

  const given = givenProvider(opts);
  const chosen = args.access ?? (given ? await accessThrough(service, given) : configured());
  if (given && chosen === undefined) {
    expectExported(service, key);
    return unseenContext(service, args, rendered, await ownStackState(key), {
      stack: ownStack(),
      provider: given,
      ...(await ownerOf(service)),
    });
  }
  const access = findAccessOf(service, given, chosen);
  const api = connect(access);
  const ownsCanary = tracksOf(args).includes("canary");
  const gateway = ownsCanary ? args.gateway : undefined;
  const [found, ownBefore] = await Promise.all([
    readLive(api, namespace, service, gateway !== undefined),
    ownStackState(key),
  ]);
  assertSameCluster(service, ownBefore, found.cluster);
  // Only after that check: registering makes the engine write the state, after a refresh that may have read another cluster.
  const { owner, ownerStash } = await ownerOf(service);
  const live = asAdopted(service, args, owner, found);
  assertPreconditions(service, args, live, access.context);
  const [recorded, remembered, inUse] = await Promise.all([
    readRecord(api, namespace, service, live.cluster),
    readStackStates(service, args, live),
    ownsCanary ? configMapsInUse(api, namespace, service) : {},
  ]);
  expectExported(service, key);
  const coming = renderedPath === undefined || ownsCanary ? undefined : readRendered(renderedPath, key);
  const { stackStates, record } =
    renderedPath === undefined
      ? { stackStates: remembered, record: recorded }
      : assumeReleased(coming, remembered, recorded);
  const adopted = adoptionOf(service, live, record);
  const { GRAY_BREAK_GLASS: breakGlass, GRAY_EPOCH } = process.env;
  const newHistoryWarning = assertKnown(service, args, live, stackStates, record, pulumi.getStack(), breakGlass);
  if (newHistoryWarning !== undefined) pulumi.log.warn(newHistoryWarning);
  const by = { epoch: GRAY_EPOCH ? Number(GRAY_EPOCH) : undefined, breakGlass };
  const choice = chooseReleases(
    { service, args, live, record, stackStates, adopted: adoptedReleaseOf(live), ...by },
    rendered,
  );
  if (renderedPath !== undefined && choice.releases.canary) writeRendered(renderedPath, key, choice.releases.canary);
  const traffic = ownsCanary ? trafficOf(service, args, live, record, adopted) : undefined;
  if (gateway) await assertGateways(api, service, namespace, gateway);
  for (const warning of choice.warnings) pulumi.log.warn(warning);
  enforceAdmissions(Object.values(choice.admissions));
  const stored = storedReleases(args, choice, stackStates, adopted, [
    releaseOf(live.deployments.stable),
    ...stableReleases(record).slice(0, 2),
  ]);
  const configMaps = traffic ? configMapsToKeep(stored, inUse) : {};
  const { own, stableHasHistory } = stackStates;
  const objects = await readObjects(api, namespace, live, objectsOf(service, args, Object.keys(configMaps)));
  const takeovers = assertOwned({ service, namespace, owner, stack: ownStack(), own, breakGlass }, objects);
  for (const warning of takeovers) pulumi.log.warn(warning);
  if (traffic && changesFront(live, traffic)) refuseIf(frontHeld(service, record, by));
  if (traffic) describe(service, args, live, traffic);
  const provider = given ?? providerFor(chosen ?? {}, live.cluster);
  await assertDeploysTo(service, provider, live.cluster);

  const guarded: Guarded = {
    api,
    cluster: live.cluster,
    namespace,
    service,
    own,
    stableHasHistory,
    ...by,
    rollSeconds: {
      stable: rollSeconds(args, stableReplicasOf(args, live)),
      canary: rollSeconds(args, traffic?.canaryReplicas ?? 0),
    },
  };
  if (adopted && !pulumi.runtime.isDryRun()) {
    if (isAsked(namespace, service)) await adoptObjects(api, service, args, live, adopted, ownStack());
    if (tracksOf(args).includes("stable")) await cutOver(guarded);
  }
  const compared = await compareLive(guarded, tracksOf(args), live, [
    ...Object.values(choice.releases),
    ...stackStates.history,
  ]);
  const drifted = new Set(tracksOf(args).filter((track) => driftIn(compared[track]) !== undefined));
  const isRecorded = releaseOf(live.deployments.stable) === stableReleases(record)[0] || drifted.has("stable");
  if (!pulumi.runtime.isDryRun() && tracksOf(args).includes("stable") && !isRecorded) await recordComplete(guarded);
  const previous = previousOf(choice, own);
  const verdict = verdictAge(choice.releases.stable, record, own, Date.now());
  const inForce = weightInForce(live);
  return {
    key,
    stack: ownStack(),
    owner,
    ownerStash,
    cluster: live.cluster,
    provider,
    releases: choice.releases,
    admissions: shownAdmissions(choice.admissions, verdict),
    ...(verdict && { verdict }),
    ...(traffic && { traffic, shift: shiftOf(traffic, inForce, own?.shift) }),
    stableReplicas: args.replicas === "external" ? undefined : args.replicas,
    rollSeconds: guarded.rollSeconds,
    fastRollback: (record.kind === "read" && record.record.open?.fastRollback) ?? false,
    order: rollOrder(inForce, traffic?.weight ?? 0),
    sequence: sequences(live, record, choice.releases, traffic, drifted),
    ...(previous !== undefined && { previous }),
    ...(own && { remembered: own }),
    history: stored,
    configMaps,
    ...((adopted || own?.adopted) && { adopted: adoptionPlan(service, args, live, own, choice.releases.stable?.id) }),
    hooks: hooksOf(guarded),
  };
}

/** The access to the cluster that the stack's configuration names. */
function configured(): AccessArgs {
  const config = new pulumi.Config("kubernetes");
  return { kubeconfig: config.get("kubeconfig"), context: config.get("context") };
}

/** The traffic for the weight of the arguments, or, while a rollout is open, for the record's weight. */
function trafficOf(
  service: string,
  args: ServiceArgs,
  live: Live,
  record: RecordReading,
  adopted: Adopted | undefined,
): Traffic {
  const asked = args.weight ?? defaults.weight;
  const open = record.kind === "read" ? record.record.open : undefined;
  if (open?.weight !== undefined && open.weight !== asked) {
    pulumi.log.warn(
      `${service}: the weight is ${open.weight} while the rollout of ${open.release} is open, not ${asked}.`,
    );
  }
  const { gateway } = args;
  const mode = gateway
    ? gatewayMode(gateway.minimumCanaryReplicas)
    : replicasMode(args.acceptShare || args.replicas === "external");
  const weight = open?.weight ?? asked;
  if (adopted) assertBeside(service, args, weight, adopted.front);
  const traffic = mode.plan(weight, stableReplicasOf(args, live), adopted?.front ?? { app: service });
  if (gateway && traffic.backends) {
    assertRoutes(service, args.namespace, mainPort(args), gateway, traffic.backends);
  }
  return traffic;
}

/** Prints the effect of the weight and the rules in words. */
function describe(service: string, args: ServiceArgs, live: Live, traffic: Traffic): void {
  pulumi.log.info(`${service}: ${describeTraffic(traffic, stableReplicasOf(args, live))}`);
  for (const rule of args.gateway?.rules ?? []) pulumi.log.info(`${service}: ${describeRule(rule, traffic.weight)}`);
}

/** The release history after this run. A stack without canary stores only its own release, because canary's stack has the history. */
function storedReleases(
  args: ServiceArgs,
  { releases }: Choice,
  stackStates: StackStates,
  adopted: Adopted | undefined,
  pinned: (string | undefined)[],
): readonly Release[] {
  // There is no rollback to the adopted release, because its pods do not have our labels.
  if (!releases.canary)
    return [releases.stable].flatMap((each) => (each && each.id !== adopted?.release ? [each] : []));
  return remember(
    stackStates.history,
    releases.canary,
    args.releaseHistoryLimit ?? defaults.releaseHistoryLimit,
    pinned,
  );
}

/** The id of the release that stable ran before the chosen one. */
function previousOf({ releases }: Choice, own: StackState | undefined): string | undefined {
  const changes = own?.current.stable !== releases.stable?.id;
  return changes ? own?.current.stable : own?.previous;
}

/** Whether this traffic changes the live front or canary's live number of pods. */
function changesFront({ front, deployments }: Live, traffic: Traffic): boolean {
  const selects = front.service?.spec.selector;
  const pods = deployments.canary?.spec.replicas;
  return (
    (selects !== undefined && !sameLabels(selects, traffic.selector)) ||
    (pods !== undefined && pods !== traffic.canaryReplicas) ||
    front.routes.some((route) => !hasWeight(route, traffic.weight))
  );
}

function stableReplicasOf(args: ServiceArgs, live: Live): number {
  return args.replicas === "external" ? (live.deployments.stable?.spec.replicas ?? 1) : args.replicas;
}

/** Prints the gate's warnings. @throws UserError if the gate refuses a track; a preview warns instead */
function enforceAdmissions(admissions: readonly Admission[]): void {
  refuseIf(admissions.find((admission) => !admission.admitted)?.sentence);
  for (const { code, sentence } of admissions) {
    if (code === "first-install" || code === "break-glass") pulumi.log.warn(sentence);
  }
}

/** @throws UserError with the sentence, if there is one; a preview warns instead */
function refuseIf(sentence: string | undefined): void {
  if (sentence === undefined) return;
  if (!pulumi.runtime.isDryRun()) throw new UserError(sentence);
  pulumi.log.warn(`${sentence} This is a preview; up would stop here.`);
}

/** The part of the gate's answers that is an input of the component. It does not change between two runs without a change. */
function shownAdmissions(
  admissions: Partial<Record<Track, Admission>>,
  verdict: VerdictAge | undefined,
): RolloutContext["admissions"] {
  return Object.fromEntries(
    Object.entries(admissions).map(([track, { admitted, code }]) => [
      track,
      {
        admitted,
        ...((!admitted || code === "break-glass") && { code }),
        ...(admitted && track === "stable" && verdict && ageOf(verdict)),
      },
    ]),
  );
}

function ageOf({ hours }: VerdictAge) {
  return hours === "supposed" ? { supposed: true } : { verdictHours: hours };
}

/** The percent of traffic that the live front sends to canary; undefined if canary is dark or there is no front yet. */
function weightInForce(live: Live): number | undefined {
  const { routes, service: shared } = live.front;
  const weight = largestWeight(routes);
  if (weight !== undefined) return weight || undefined;
  if (!shared || shared.spec.selector?.track === "stable") return undefined;
  const { canary, stable } = live.deployments;
  const [few, many] = [canary?.spec.replicas ?? 0, stable?.spec.replicas ?? 0];
  return few + many === 0 ? undefined : (100 * few) / (few + many);
}
