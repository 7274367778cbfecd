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
import { connect } from "../kubernetes/cluster.ts";
import { sameLabels } from "../live/labels.ts";
import { configMapsInUse, type Live, readLive, releaseOf } from "../live/live.ts";
import { assertGateways, assertRoutes, hasWeight, largestWeight } from "../live/routes.ts";
import { type Adopted, type RecordReading, readRecord, stableReleases } from "../record/record.ts";
import { type VerdictAge, verdictAge } from "../record/verdict-age.ts";
import { adoptedReleaseOf, adopting, adoptionOf, asAdopted, isAsked, takeIn } from "./adopt.ts";
import { type Choice, chooseReleases } from "./choice.ts";
import { cutOver } from "./cutover.ts";
import { accessThrough, assertDeploysTo, findAccessOf } from "./destination.ts";
import { compareLive, driftIn } from "./drift.ts";
import { type Admission, frontHeld } from "./gate.ts";
import { type Guarded, hooksOf, recordComplete } from "./hooks.ts";
import { assertOwned, ownerOf, readObjects } from "./owner.ts";
import { assertKnown, assertPreconditions } from "./preconditions.ts";
import { providerFor } from "./provider.ts";
import { leaveRelease, leftRelease, renderedFile, supposed } from "./rendered.ts";
import { sequences } from "./sequence.ts";
import {
  askOwnStack,
  assertSameCluster,
  expectExported,
  memoriesOf,
  ownStack,
  ownStackState,
  type StackStates,
} from "./stack-state.ts";
import { unseenContext } from "./unseen.ts";

/**
 * Looks where a service stands, chooses the release of each track that this stack owns and asks the gate, before
 * anything is registered: a refused `up` changes nothing. In preview a refusal is a warning.
 *
 * Reads the environment: KUBECONFIG; GRAY_BREAK_GLASS=<reason> passes the gate; GRAY_EPOCH names the driver; GRAY_ADOPT=<namespace>/<service>
 * takes in what stands (gray adopt); in preview GRAY_RENDERED=<file> (rendered.ts).
 *
 * @param service the name of the service
 * @param args the same arguments that CanaryService gets
 * @param opts the same options: a provider in them, or of the parent in them, is the one that deploys, and its cluster is looked at.
 *   @default a provider of gray-release's own, for the cluster of `access`, else of the configuration kubernetes:kubeconfig and
 *   kubernetes:context, else of the environment
 * @throws Refusal with one sentence that says what to do
 */
export async function openRollout(
  service: string,
  args: ServiceArgs,
  opts: ProviderOptions = {},
): Promise<RolloutContext> {
  assertServiceArgs(service, args);
  const rendered = renderRelease(service, labelsOf(service, args), args);
  const cutOverDone = renderedFile();
  const { namespace } = args;
  const key = stackStateKey(namespace, service);
  askOwnStack();

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
  // Not before that: what is registered has the engine write the state, after a refresh that looked at the other cluster.
  const { owner, ownerStash } = await ownerOf(service);
  const live = asAdopted(service, args, owner, found);
  assertPreconditions(service, args, live, access.context);
  const [recorded, remembered, inUse] = await Promise.all([
    readRecord(api, namespace, service, live.cluster),
    memoriesOf(service, args, live),
    ownsCanary ? configMapsInUse(api, namespace, service) : {},
  ]);
  expectExported(service, key);
  const coming = cutOverDone === undefined || ownsCanary ? undefined : leftRelease(cutOverDone, key);
  const { stackStates, record } =
    cutOverDone === undefined ? { stackStates: remembered, record: recorded } : supposed(coming, remembered, recorded);
  const adopted = adoptionOf(service, live, record);
  const { GRAY_BREAK_GLASS: breakGlass, GRAY_EPOCH } = process.env;
  const begunAnew = assertKnown(service, args, live, stackStates, record, pulumi.getStack(), breakGlass);
  if (begunAnew !== undefined) pulumi.log.warn(begunAnew);
  const by = { epoch: GRAY_EPOCH ? Number(GRAY_EPOCH) : undefined, breakGlass };
  const choice = chooseReleases(
    { service, args, live, record, stackStates, adopted: adoptedReleaseOf(live), ...by },
    rendered,
  );
  if (cutOverDone !== undefined && choice.releases.canary) leaveRelease(cutOverDone, key, choice.releases.canary);
  const traffic = ownsCanary ? trafficOf(service, args, live, record, adopted) : undefined;
  if (gateway) await assertGateways(api, service, namespace, gateway);
  for (const warning of choice.warnings) pulumi.log.warn(warning);
  settle(Object.values(choice.admissions));
  const kept = keptReleases(args, choice, stackStates, adopted, [
    releaseOf(live.deployments.stable),
    ...stableReleases(record).slice(0, 2),
  ]);
  const configMaps = traffic ? configMapsToKeep(kept, inUse) : {};
  const { own, stableHasHistory } = stackStates;
  const objects = await readObjects(api, namespace, live, objectsOf(service, args, Object.keys(configMaps)));
  const taken = assertOwned({ service, namespace, owner, stack: ownStack(), own, breakGlass }, objects);
  for (const warning of taken) pulumi.log.warn(warning);
  if (traffic && changesFront(live, traffic)) stopHere(frontHeld(service, record, by));
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
    if (isAsked(namespace, service)) await takeIn(api, service, args, live, adopted, ownStack());
    if (tracksOf(args).includes("stable")) await cutOver(guarded);
  }
  const compared = await compareLive(guarded, tracksOf(args), live, [
    ...Object.values(choice.releases),
    ...stackStates.history,
  ]);
  const drifted = new Set(tracksOf(args).filter((track) => driftIn(compared[track]) !== undefined));
  const isNoted = releaseOf(live.deployments.stable) === stableReleases(record)[0] || drifted.has("stable");
  if (!pulumi.runtime.isDryRun() && tracksOf(args).includes("stable") && !isNoted) await recordComplete(guarded);
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
    admissions: notable(choice.admissions, verdict),
    ...(verdict && { verdict }),
    ...(traffic && { traffic, shift: shiftOf(traffic, inForce, own?.shift) }),
    stableReplicas: args.replicas === "external" ? undefined : args.replicas,
    rollSeconds: guarded.rollSeconds,
    fastRollback: (record.kind === "read" && record.record.open?.fastRollback) ?? false,
    order: rollOrder(inForce, traffic?.weight ?? 0),
    sequence: sequences(live, record, choice.releases, traffic, drifted),
    ...(previous !== undefined && { previous }),
    ...(own && { remembered: own }),
    history: kept,
    configMaps,
    ...((adopted || own?.adopted) && { adopted: adopting(service, args, live, own, choice.releases.stable?.id) }),
    hooks: hooksOf(guarded),
  };
}

/** What the configuration says of the cluster. */
function configured(): AccessArgs {
  const config = new pulumi.Config("kubernetes");
  return { kubeconfig: config.get("kubeconfig"), context: config.get("context") };
}

/** What the weight comes down to. While a rollout is open, the weight is the record's. */
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

/** What the weight and the rules come down to, in words. */
function describe(service: string, args: ServiceArgs, live: Live, traffic: Traffic): void {
  pulumi.log.info(`${service}: ${describeTraffic(traffic, stableReplicasOf(args, live))}`);
  for (const rule of args.gateway?.rules ?? []) pulumi.log.info(`${service}: ${describeRule(rule, traffic.weight)}`);
}

/** The history once this run is through. A stack without canary remembers what it runs; the rest is canary's. */
function keptReleases(
  args: ServiceArgs,
  { releases }: Choice,
  stackStates: StackStates,
  adopted: Adopted | undefined,
  pinned: (string | undefined)[],
): readonly Release[] {
  // What was there before us cannot be brought back: its pods have not our labels.
  if (!releases.canary)
    return [releases.stable].flatMap((each) => (each && each.id !== adopted?.release ? [each] : []));
  return remember(
    stackStates.history,
    releases.canary,
    args.releaseHistoryLimit ?? defaults.releaseHistoryLimit,
    pinned,
  );
}

/** What stable ran before the release that it is to run. */
function previousOf({ releases }: Choice, own: StackState | undefined): string | undefined {
  const changes = own?.current.stable !== releases.stable?.id;
  return changes ? own?.current.stable : own?.previous;
}

/** Whether this traffic is not what the live front and canary's live number of pods already give. */
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

/** @throws Refusal if the gate refuses a track, except in preview, where it warns */
function settle(admissions: readonly Admission[]): void {
  stopHere(admissions.find((admission) => !admission.admitted)?.sentence);
  for (const { code, sentence } of admissions) {
    if (code === "first-install" || code === "break-glass") pulumi.log.warn(sentence);
  }
}

/** @throws Refusal with the sentence, if there is one; in preview it is a warning */
function stopHere(sentence: string | undefined): void {
  if (sentence === undefined) return;
  if (!pulumi.runtime.isDryRun()) throw new UserError(sentence);
  pulumi.log.warn(`${sentence} This is a preview; up would stop here.`);
}

/** What the component shows of the gate's answers: nothing that changes between runs while nothing happens. */
function notable(
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

/** The percent that the live front gives canary; undefined where canary is dark or there is no front yet. */
function weightInForce(live: Live): number | undefined {
  const { routes, service: shared } = live.front;
  const weight = largestWeight(routes);
  if (weight !== undefined) return weight || undefined;
  if (!shared || shared.spec.selector?.track === "stable") return undefined;
  const { canary, stable } = live.deployments;
  const [few, many] = [canary?.spec.replicas ?? 0, stable?.spec.replicas ?? 0];
  return few + many === 0 ? undefined : (100 * few) / (few + many);
}
