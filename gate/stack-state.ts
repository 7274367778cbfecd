/** The stack state of a service: what this stack stored in its last run, and what the releases in the cluster say about canary. */

import { setTimeout } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { defaults } from "../components/defaults.ts";
import { type StackState, serviceKey } from "../components/history.ts";
import { previousAnnotation, serviceLabel, stashType, stateName } from "../components/names.ts";
import { type PodTemplate, type Release, releaseId } from "../components/release.ts";
import { mapOf, plainObject, understand } from "../components/schema.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { type Track, tracks } from "../components/traffic.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import type { Metadata } from "../kubernetes/objects/metadata.ts";
import { isAdopted, isComplete, type Live, ownReleaseOf } from "../live/live.ts";
import { type RecordReading, stableReleases } from "../record/record.ts";
import type { DamagedRelease, StoredReleases } from "../record/release-store.ts";
import { perDeployment } from "./per-deployment.ts";

/** What is stored about a service. */
export interface StackStates {
  /** The state of this stack; undefined before its first complete run. */
  readonly own: StackState | undefined;
  /** The stored releases, newest first. */
  readonly history: readonly Release[];
  /** Stored releases that cannot be understood. */
  readonly damaged: readonly DamagedRelease[];
  /** Ids of the releases of this stack's history that are not stored any more. */
  readonly gone: readonly string[];
  /** The id of the release that canary runs completely. */
  readonly canaryRuns: string | undefined;
  /** Whether stable ever ran completely, by the state of its stack. */
  readonly stableHasHistory: boolean;
}

/** What a stack state holds, and the releases in it if a version before the releases were stored in the cluster wrote it. */
export interface StoredState {
  readonly state: StackState;
  /** Newest first. */
  readonly releases: readonly Release[];
}

/** The schema of a release with its content. It checks that the id is the hash of the content. */
export const wholeRelease = v.pipe(
  v.object({
    id: v.string(),
    template: plainObject<PodTemplate>(),
    configMaps: plainObject<Release["configMaps"]>(),
  }),
  v.check(
    ({ id, template, configMaps }) => releaseId(template, configMaps) === id,
    ({ input }) => `the content of release ${input.id} does not match its id`,
  ),
);

const fields = {
  cluster: v.string(),
  owner: v.optional(v.string()),
  current: mapOf(v.string(), v.picklist(tracks, "must be stable or canary")),
  previous: v.optional(v.string()),
  shift: v.optional(v.object({ weight: v.number(), from: v.number(), to: v.number() })),
  verdict: v.optional(v.object({ release: v.string(), hours: v.union([v.number(), v.literal("assumed")]) })),
  adopted: v.optional(v.boolean()),
};
const stateSchema = v.object({
  ...fields,
  namespace: v.string(),
  history: v.array(v.string()),
  copies: v.optional(mapOf(v.string())),
});
/** The stack output `releases` of programs before the releases were stored in the cluster. */
const outputSchema = mapOf(v.object({ ...fields, history: v.array(wholeRelease) }));

/**
 * The state of this stack for a service, or that in the outputs that an older version exported; undefined before its first complete run.
 *
 * @throws UserError if it cannot be understood
 */
export function ownState(namespace: string, service: string): Promise<StoredState | undefined> {
  return stateIn(ownStack(), namespace, service);
}

/**
 * Puts together what is stored about a service.
 *
 * 1. The releases are those in the cluster. If none is there, they are those in the outputs of canary's stack, which older versions exported.
 * 2. A release that is not stored is rebuilt from the copy in the stack state, or from a Deployment that runs it.
 * 3. Canary runs the release of its Deployment if that is complete, or was: a release is stored only then. Otherwise it runs the one before.
 *
 * @param own the state of this stack
 * @param rebuilt the releases that the live Deployments run and those in the stack state, as far as they could be rebuilt
 * @throws UserError if this stack follows canary, and canary has no release yet
 */
export async function readStackStates(
  service: string,
  args: ServiceArgs,
  live: Live,
  own: StoredState | undefined,
  { releases: stored, ...found }: StoredReleases,
  rebuilt: readonly Release[],
): Promise<StackStates> {
  const damaged = found.damaged.filter(({ id }) => !rebuilt.some((release) => release.id === id));
  const state = own?.state;
  if (tracksOf(args).includes("canary")) {
    const order = state?.history ?? [];
    const all = withOthers(withOthers(stored, own?.releases ?? []), rebuilt);
    const history = inOrder(all, order);
    const known = new Set([...history, ...damaged].map(({ id }) => id));
    const gone = order.filter((id) => !known.has(id));
    const stableHasHistory = state?.current.stable !== undefined;
    return { own: state, history, damaged, gone, canaryRuns: state?.current.canary, stableHasHistory };
  }
  const stableHasHistory = state !== undefined;
  const { canary, stable } = live.deployments;
  const ofStable = { own: state, damaged, gone: [], stableHasHistory };
  // An adopted service runs already, so it does not need canary's release.
  if (!state && isAdopted(stable)) return { ...ofStable, history: stored, canaryRuns: undefined };
  const history = withOthers(stored, rebuilt);
  const isLive = canary !== undefined || live.front.service !== undefined;
  if (isLive && stored.length > 0) return { ...ofStable, history, canaryRuns: runByCanary(canary, stored) };
  const { canaryStack = defaults.canaryStack } = args;
  const before = isLive ? await stateIn(sibling(canaryStack), args.namespace, service) : undefined;
  if (before) {
    const { releases, state: of } = before;
    return { ...ofStable, history: withOthers(releases, rebuilt), canaryRuns: of.current.canary };
  }
  const isPinned = args.release !== undefined && args.release !== "next";
  if (state && isPinned) return { ...ofStable, history, canaryRuns: undefined };
  throw new UserError(
    `${service} has no release in stack ${canaryStack}, and ${pulumi.getStack()} runs only releases that canary has run: run pulumi up --stack ${canaryStack} first.`,
  );
}

/** The id of the release that canary runs completely, or ran before the one that it begins to run. */
function runByCanary(canary: Live["deployments"]["canary"], stored: readonly Release[]): string | undefined {
  const id = ownReleaseOf(canary);
  if (canary === undefined || id === undefined) return undefined;
  const hasRun = isComplete(canary) || stored.some((release) => release.id === id);
  return hasRun ? id : canary.metadata.annotations?.[previousAnnotation];
}

/**
 * The releases in this order. Those that it does not name come first: they were stored by a run that ended before it wrote the stack state, so they
 * are newer.
 */
function inOrder(releases: readonly Release[], order: readonly string[]): Release[] {
  const place = ({ id }: Release) => order.indexOf(id);
  return releases.toSorted((a, b) => place(a) - place(b));
}

/** The releases, then those of the others that are not among them. */
function withOthers(releases: readonly Release[], others: readonly Release[]): Release[] {
  const all = new Map(releases.map((release) => [release.id, release]));
  for (const release of others) if (!all.has(release.id)) all.set(release.id, release);
  return [...all.values()];
}

/** @throws UserError if this stack runs the service on another cluster */
export function assertSameCluster(
  service: string,
  own: Pick<StackState, "cluster"> | undefined,
  cluster: string,
): void {
  if (own === undefined || own.cluster === cluster) return;
  throw new UserError(
    `Stack ${pulumi.getStack()} runs ${service} on the cluster with UID ${own.cluster} and this one is ${cluster}: choose the right cluster with KUBECONFIG or kubernetes:context, or create a new stack for this one.`,
  );
}

/**
 * Ids of the releases that a track ran completely, newest first, by the record and the stack's own state. Without a readable record they
 * include stable's previous release, so that a rollback is still possible.
 */
export function ran(track: Track, record: RecordReading, own: StackState | undefined): readonly string[] {
  const byRecord = track === "stable" ? stableReleases(record).slice(0, 1) : [];
  const before = track === "stable" && record.kind !== "read" ? own?.previous : undefined;
  return [...byRecord, own?.current[track], before].filter((id) => id !== undefined);
}

/** The names of the Secrets of a service in the state of this stack, which may be gone from the cluster. @throws UserError if it cannot be read */
export async function ownSecretNames(namespace: string, service: string): Promise<string[]> {
  return Object.values(await readState(ownStack())).flatMap(({ type, outputs }) => {
    if (type !== secretType) return [];
    const { metadata } = (outputs ?? {}) as { metadata?: Partial<Metadata> };
    const isOurs = metadata?.namespace === namespace && metadata.labels?.[serviceLabel] === service;
    return isOurs && metadata.name !== undefined ? [metadata.name] : [];
  });
}

/** The full name of this stack. */
export function ownStack(): string {
  return sibling(pulumi.getStack());
}

function sibling(stack: string): string {
  return stack.includes("/") ? stack : `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
}

/** The outputs of the resources of a stack, by URN. */
type ResourceOutputs = Readonly<Record<string, { readonly type: string; readonly outputs?: object }>>;

/** The Pulumi type of a Secret. */
const secretType = "kubernetes:core/v1:Secret";

/** Milliseconds between two attempts to read a state. */
const attemptMilliseconds = 100;

const requested = perDeployment(() => new Map<string, Promise<ResourceOutputs>>());

/**
 * The outputs of the resources of a stack, from its state. The engine's own function reads them (pulumi 3.259 pkg/resource/deploy/builtins.go),
 * so nothing has to be registered first, and a program needs no stack outputs.
 */
function resourcesOf(stack: string): Promise<ResourceOutputs> {
  const found = requested().get(stack) ?? readResources(stack, 10);
  requested().set(stack, found);
  return found;
}

/**
 * A file backend may read a state while it is written, and then finds it incomplete (pulumi 3.259: "failed to load checkpoint: EOF"), so it is read
 * again.
 */
async function readResources(stack: string, attempts: number): Promise<ResourceOutputs> {
  try {
    const { outputs = {} } = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
      stackName: stack,
    });
    return outputs;
  } catch (error) {
    if (attempts <= 1 || !(error as Error).message.includes("checkpoint")) throw error;
    await setTimeout(attemptMilliseconds);
    return readResources(stack, attempts - 1);
  }
}

/** Requests this stack's state, so that it arrives while the cluster is read. */
export function requestOwnStack(): void {
  void resourcesOf(ownStack()).catch(() => {});
}

/** The outputs of the resources of a stack. @returns none if there is no such stack @throws UserError if they cannot be read */
async function readState(stack: string): Promise<ResourceOutputs> {
  try {
    return await resourcesOf(stack);
  } catch (error) {
    if ((error as Error).message.includes("unknown stack")) return {};
    throw new UserError(
      `The state of stack ${stack} cannot be read (${clauseOf(error)}): check pulumi stack export --stack ${stack}.`,
    );
  }
}

async function stateIn(stack: string, namespace: string, service: string): Promise<StoredState | undefined> {
  const resources = await readState(stack);
  const urns = Object.keys(resources);
  const stash = [stateName(service, namespace), stateName(service)]
    .map((name) => urns.find((urn) => urn.endsWith(`${stashType}::${name}`)))
    .find((urn) => urn !== undefined);
  try {
    if (stash !== undefined)
      return stashedState((resources[stash]?.outputs as { input?: unknown } | undefined)?.input, namespace);
    const root = Object.values(resources).find(({ type }) => type === "pulumi:pulumi:Stack");
    return exportedState((root?.outputs as { releases?: unknown } | undefined)?.releases, namespace, service);
  } catch (error) {
    throw new UserError(
      `The state of ${service} in stack ${stack} cannot be understood (${(error as Error).message}): restore the stack from an earlier state, with pulumi stack import.`,
    );
  }
}

/** The state in a Stash; undefined if it is that of another namespace, or of a run that has not finished. */
function stashedState(input: unknown, namespace: string): StoredState | undefined {
  if (input === undefined || input === null) return undefined;
  const state = understand(stateSchema, input) as StackState;
  return state.namespace === namespace ? { state, releases: [] } : undefined;
}

/** The state in the output `releases` of a version before the releases were stored in the cluster. */
function exportedState(releases: unknown, namespace: string, service: string): StoredState | undefined {
  if (releases === undefined) return undefined;
  const all = understand(outputSchema, releases) as Record<
    string,
    Omit<StackState, "history" | "namespace"> & Exported
  >;
  const found = all[serviceKey(namespace, service)];
  if (found === undefined) return undefined;
  const { history, ...state } = found;
  return { state: { ...state, namespace, history: history.map(({ id }) => id) }, releases: history };
}

interface Exported {
  readonly history: readonly Release[];
}

// Requested as early as possible, while the program is imported and has registered nothing, so that it seldom meets a state that is written.
if (pulumi.runtime.hasMonitor()) requestOwnStack();
