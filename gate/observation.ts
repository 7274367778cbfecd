/** The observation: reads everything on which the opening of a rollout depends. */

import * as pulumi from "@pulumi/pulumi";
import type { AccessArgs } from "../components/access.ts";
import { type Files, readAssets } from "../components/config-files.ts";
import { configMapsToKeep, type StackState, serviceKey } from "../components/history.ts";
import { namesOf, ownerAnnotation } from "../components/names.ts";
import { objectsOf } from "../components/objects.ts";
import { givenProvider, type ProviderOptions } from "../components/provider.ts";
import { type Release, renderRelease } from "../components/release.ts";
import type { RolloutContext } from "../components/rollout-context.ts";
import type { SecretContents } from "../components/secret-content.ts";
import { assertSecretsUsed } from "../components/secret-references.ts";
import { assertServiceArgs, labelsOf, type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { type ModeName, modeNameOf, modeOf } from "../components/traffic/modes.ts";
import { connect } from "../kubernetes/client.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { PartialObject } from "../kubernetes/objects/metadata.ts";
import type { PodObject } from "../kubernetes/objects/pod.ts";
import { listPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";
import { configMapsInUse, isAdopted, type Live, podSpecsInUse, readLive } from "../live/live.ts";
import { measuredStart } from "../live/start.ts";
import type { RecordReading } from "../record/record.ts";
import { readRecord } from "../record/record-store.ts";
import { filesIn, readConfigMaps, releasesIn } from "../record/release-store.ts";
import { type TrialFailure, tryObjects } from "./accepted.ts";
import { accountsInUse } from "./accounts.ts";
import { asAdopted } from "./adopt.ts";
import { besideAdopted } from "./adopted-routes.ts";
import { assertAutoscalable, removesAutoscaler } from "./autoscaler.ts";
import { awaitDependencies } from "./dependencies.ts";
import { accessOf, findAccessOf } from "./destination.ts";
import { type Comparisons, compareLive } from "./drift.ts";
import { assertGateways } from "./gateways.ts";
import { isMocked } from "./mocks.ts";
import { readBeside } from "./objects-beside.ts";
import { assertDescribedOnce, type OwnableObject, ownerOf, readObjects } from "./owner.ts";
import { assertPreconditions } from "./preconditions.ts";
import { providerFor } from "./provider.ts";
import { assumeReleased, readRendered, renderedFile } from "./rendered.ts";
import { restoredReleases } from "./restored.ts";
import { configMapNames } from "./retention.ts";
import { contentsOf, type LiveSecrets, readSecretsOf, secretsWithoutCluster } from "./secrets.ts";
import {
  assertSameCluster,
  ownStack,
  ownState,
  readStackStates,
  requestOwnStack,
  type StackStates,
} from "./stack-state.ts";

/** Everything on which the opening of a rollout depends, as data. */
export interface Observation {
  readonly service: string;
  readonly args: ServiceArgs;
  /** The release that the program describes. */
  readonly rendered: Release;
  readonly isPreview: boolean;
  /** The time, in milliseconds since the epoch. */
  readonly now: number;
  /** The short and the full name of this stack. */
  readonly stack: { readonly name: string; readonly fullName: string };
  /** The owner id of this stack. */
  readonly owner: string;
  /** The epoch of the driver that runs this `up` (GRAY_EPOCH); undefined if no driver does. */
  readonly epoch: number | undefined;
  /** The reason of a break-glass override (GRAY_BREAK_GLASS). */
  readonly breakGlass: string | undefined;
  /** Whether `gray adopt` requests the adoption of this service (GRAY_ADOPT). */
  readonly isAdoptionRequested: boolean;
  /** Names of the HTTPRoutes that `args` leaves out until the first promotion of an adopted service. @default none */
  readonly keptRoutes?: readonly string[];
  /** The live objects, as they will be after an adoption that is requested. */
  readonly live: Live;
  /** The record; in a preview with GRAY_RENDERED as it will be when the release reaches this stack. */
  readonly record: RecordReading;
  /** The stack states; in a preview with GRAY_RENDERED as they will be then. */
  readonly stackStates: StackStates;
  /** The live ConfigMaps that must not be deleted, by name. Empty if this stack does not own canary. */
  readonly configMapsInUse: Readonly<Record<string, Files>>;
  /** The live ServiceAccounts of this service that earlier releases need (accounts.ts). Empty if this stack does not own canary. */
  readonly accountsInUse: readonly string[];
  /** The Secrets of the service. */
  readonly secrets: LiveSecrets;
  /** Release id -> seconds that its live pods took to start. */
  readonly startSeconds: Readonly<Record<string, number>>;
  /** Whether the cluster can carry the traffic in its mode, and has what stable's autoscaler needs: rejected with the reason if not. */
  readonly trafficPossible: PromiseSettledResult<void>;
  /** All objects that this stack may write, each with the live object; rejected if they could not be read. */
  readonly objects: PromiseSettledResult<readonly OwnableObject[]>;
  /** The objects that the API server refuses or could not try (accepted.ts). A driver and a break-glass override try none. */
  readonly trialFailures: readonly TrialFailure[];
  /** The live Deployments compared with the releases in their labels. */
  readonly comparisons: Comparisons;
  /** Whether this `up` removes stable's autoscaler, whose number of pods differs from the program's (autoscaler.ts). */
  readonly isAutoscalerRemoved: boolean;
}

/** What `apply` writes through. */
export interface ApplyContext {
  /** The name of the component in the program. */
  readonly resource: string;
  readonly api: Cluster;
  /** The provider that the program gives. */
  readonly given: pulumi.ProviderResource | undefined;
  /** The access that the program or its configuration names. */
  readonly access: AccessArgs;
  readonly ownerStash: pulumi.Resource;
  readonly secretKeyStash?: pulumi.Resource;
  /** The file for the release of canary's preview (GRAY_RENDERED). */
  readonly renderedFile: string | undefined;
}

/** The result of `observe`. */
export type ObserveResult =
  | { readonly kind: "seen"; readonly observation: Observation; readonly through: ApplyContext }
  /** A preview that cannot read its cluster yet, or a program under mocks. */
  | {
      readonly kind: "unreachable";
      readonly service: string;
      readonly rendered: Release;
      /** The names of the Secrets of the arguments, by their names there. */
      readonly secrets: Readonly<Record<string, string>>;
      /** The state of this stack. */
      readonly own: StackState | undefined;
      readonly of: Pick<RolloutContext, "resource" | "stack" | "provider" | "owner" | "ownerStash" | "secretKeyStash">;
    };

/**
 * Reads everything on which the opening of a rollout depends. It changes nothing in the cluster, and stops where it must not read on:
 *
 * 1. The arguments are correct, and the values of the Secrets are known; in a preview they may be known later.
 * 2. GRAY_RENDERED is set in previews only.
 * 3. The cluster is known, and the program does not run under mocks (mocks.ts). A preview whose provider gets its cluster only in `up` sees nothing.
 *    Only then what `dependsOn` names is awaited. A preview in which that may make the namespace sees nothing either.
 * 4. This stack runs the service on this cluster, or nowhere. Only then the owner id is registered: registering makes the engine write
 *    the state, after a refresh that may have read another cluster.
 * 5. If the adoption of live objects is requested, they can be adopted.
 * 6. The preconditions hold (preconditions.ts). Only then the state of canary's stack is read, because a reference to a stack that does
 *    not exist ends the program.
 * 7. Stable's stack finds a release that canary has run.
 * 8. The file of GRAY_RENDERED can be understood.
 *
 * @throws UserError for the first condition that does not hold; ApiError or Unreachable if the cluster cannot be read
 */
export async function observe(resource: string, program: ServiceArgs, opts: ProviderOptions): Promise<ObserveResult> {
  assertServiceArgs(resource, program);
  const { service } = namesOf(resource, program);
  const configFiles = await readAssets(program.configFiles ?? {});
  const contents = await contentsOf(service, program);
  const render = (secretNames: Readonly<Record<string, string>>) =>
    renderRelease(service, labelsOf(service, program), { ...program, configFiles }, secretNames);
  // Refuses wrong arguments before anything is read. The names of Secrets, and with them the release, are known later.
  const withoutNames = render({});
  assertSecretsUsed(service, withoutNames.template.spec, keysOf(program, contents));
  const file = renderedFile();
  const { namespace } = program;
  const key = serviceKey(namespace, service);
  assertDescribedOnce(resource, key);
  const given = givenProvider(opts);
  const unreachable = async (provider: pulumi.ProviderResource, own?: StackState): Promise<ObserveResult> => {
    const { secrets, ...keyStash } = await secretsWithoutCluster(service, program, resource, opts.aliases, contents);
    const of = { resource, stack: ownStack(), provider, ...(await ownerOf(resource, opts.aliases)), ...keyStash };
    return { kind: "unreachable", service, rendered: render(secrets), secrets, own, of };
  };
  if (isMocked()) return unreachable(given ?? providerFor({}, "none"));
  requestOwnStack();
  await awaitDependencies(opts);
  const access = await accessOf(service, program, given);
  if (given && access === undefined) return unreachable(given, (await ownState(namespace, service))?.state);
  const found = findAccessOf(service, given, access);
  const api = connect(found);
  const of: ServiceHandle = { api, namespace, service };
  const ownsCanary = tracksOf(program).includes("canary");
  const isRouted = ownsCanary && modeOf(program).objects(service, program).routes.length > 0;
  const [before, own] = await Promise.all([readLive(of, isRouted), ownState(namespace, service)]);
  assertSameCluster(service, own?.state, before.cluster);
  if (isToBeMade(opts, before)) {
    pulumi.log.warn(
      `${service}: namespace ${namespace} does not exist yet, so this preview shows a first install without asking the gate; up reads the cluster once what dependsOn names is there.`,
    );
    return unreachable(given ?? providerFor(access ?? {}, before.cluster), own?.state);
  }
  const { owner, ownerStash } = await ownerOf(resource, opts.aliases);
  const { GRAY_ADOPT, GRAY_BREAK_GLASS: breakGlass, GRAY_EPOCH } = process.env;
  const isAdoptionRequested = GRAY_ADOPT === key;
  const recording = readRecord({ ...of, cluster: before.cluster });
  // A condition before the record is needed may end this run.
  recording.catch(() => {});
  const beside = await besideAdopted(of, program, recording, isAdoptionRequested);
  const { args, keptRoutes } = beside;
  const isBeingAdopted = isAdoptionRequested || isAdopted(before.deployments.stable);
  const whole = isBeingAdopted ? { ...before, ...(await readBeside(of, program)) } : before;
  const live = isAdoptionRequested ? asAdopted(service, program, owner, whole, beside.routes) : whole;
  assertPreconditions(service, args, live, found.context);

  const pods = api.list(listPath("Pod", namespace), `app=${service}`);
  const [recorded, maps, startSeconds] = await Promise.all([recording, readConfigMaps(of), startSecondsSeen(pods)]);
  const stored = releasesIn(service, maps);
  const files = filesIn(service, maps);
  const rebuilt = restoredReleases(live, own?.state, recorded, stored.releases, files);
  const remembered = await readStackStates(service, args, live, own, stored, rebuilt);
  // Nothing of this stack is deleted while a stored release is damaged, because it is not known what it needs.
  const isWhole = remembered.damaged.length === 0;
  const isOwn = ({ metadata }: PartialObject) => metadata.annotations?.[ownerAnnotation] === owner;
  const all = () => filesIn(service, maps.filter(isOwn));
  const specs = ownsCanary ? await podSpecsInUse(of, pods) : [];
  const inUse = ownsCanary ? (isWhole ? configMapsInUse(files, specs) : all()) : {};
  const coming = file === undefined || ownsCanary ? undefined : readRendered(file, key);
  const { stackStates, record } =
    file === undefined ? { stackStates: remembered, record: recorded } : assumeReleased(coming, remembered, recorded);
  const { secrets, ...keyStash } = await readSecretsOf({
    of,
    args: program,
    resource,
    aliases: opts.aliases,
    contents,
    history: stackStates.history,
    ofCanary: stackStates.history.find(({ id }) => id === stackStates.canaryRuns),
    coming,
    live,
    specs,
    owner,
    isDamaged: !isWhole,
  });
  const rendered = program.secrets ? render(secrets.described) : withoutNames;
  // The releases that canary may run. Which of them it does run is not decided yet.
  const releases = ownsCanary ? [rendered, ...stackStates.history] : stackStates.history;
  const configMaps = ownsCanary ? configMapNames(service, releases, configMapsToKeep(releases, inUse)) : [];
  const secretNames = ownsCanary ? [...new Set([...Object.values(secrets.described), ...secrets.live])] : [];
  const accounts = ownsCanary ? await accountsInUse(of, args, releases, live) : [];
  const epoch = GRAY_EPOCH ? Number(GRAY_EPOCH) : undefined;
  // A rollback must not depend on an object that it does not change.
  const isTried = epoch === undefined && breakGlass === undefined;
  const [[trafficPossible, objects], trialFailures, comparisons, isAutoscalerRemoved] = await Promise.all([
    Promise.allSettled([
      Promise.all([ownsCanary && assertTrafficPossible(of, args), assertAutoscalable(of, args, live)]).then(() => {}),
      readObjects(of, live, maps, objectsOf(service, args, configMaps, accounts, secretNames)),
    ]),
    isTried ? tryObjects(of, args, rendered, live) : [],
    compareLive(api, tracksOf(args), live, releases),
    removesAutoscaler(of, args, live),
  ]);
  const observation: Observation = {
    service,
    args,
    rendered,
    isPreview: pulumi.runtime.isDryRun(),
    now: Date.now(),
    stack: { name: pulumi.getStack(), fullName: ownStack() },
    owner,
    epoch,
    breakGlass,
    isAdoptionRequested,
    keptRoutes,
    live,
    record,
    stackStates,
    configMapsInUse: inUse,
    accountsInUse: accounts,
    secrets,
    startSeconds,
    trafficPossible,
    objects,
    trialFailures,
    comparisons,
    isAutoscalerRemoved,
  };
  return {
    kind: "seen",
    observation,
    through: { resource, api, given, access: access ?? {}, ownerStash, ...keyStash, renderedFile: file },
  };
}

/** The keys of the Secrets of the arguments, as far as they are known. */
function keysOf({ secrets = {} }: ServiceArgs, contents: SecretContents): Record<string, string[] | undefined> {
  // A Secret may have the name of a property of every object, such as constructor.
  const contentOf = (name: string) => (Object.hasOwn(contents, name) ? contents[name] : undefined);
  const keysIn = (content: Files | undefined) => content && Object.keys(content);
  return Object.fromEntries(Object.keys(secrets).map((name) => [name, keysIn(contentOf(name))]));
}

/** Whether the namespace may be made by what `dependsOn` names, which a preview does not make. */
function isToBeMade({ dependsOn }: ProviderOptions, { namespaceExists }: Live): boolean {
  return pulumi.runtime.isDryRun() && dependsOn !== undefined && !namespaceExists;
}

/** Seconds that the live pods of a service took to start, by release; empty if none is ready, or pods may not be listed. */
async function startSecondsSeen(pods: Promise<readonly PodObject[]>): Promise<Observation["startSeconds"]> {
  return measuredStart(await unlessForbidden(pods, []));
}

/** What the traffic modes need of the cluster. A mode that needs nothing is left out. */
const trafficPreconditions: { readonly [Name in ModeName]?: typeof assertGateways } = { gateway: assertGateways };

/** Checks that the cluster can carry the traffic. @throws UserError if it cannot */
async function assertTrafficPossible(of: ServiceHandle, args: ServiceArgs): Promise<void> {
  await trafficPreconditions[modeNameOf(args)]?.(of, args);
}
