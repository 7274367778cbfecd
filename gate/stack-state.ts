/** The stack state: the output `releases`, with which a stack passes its releases to its own next run and to the stack of stable. */

import * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { defaults } from "../components/defaults.ts";
import { type StackState, stackStateKey } from "../components/history.ts";
import { type PodTemplate, type Release, releaseId } from "../components/release.ts";
import { mapOf, plainObject, understand } from "../components/schema.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { type Track, tracks } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { isAdopted, type Live } from "../live/live.ts";
import { type RecordReading, stableReleases } from "../record/record.ts";
import { perDeployment } from "./per-deployment.ts";

/** The stack states of a service. */
export interface StackStates {
  /** The state of this stack; undefined before its first complete run. */
  readonly own: StackState | undefined;
  /** The stored releases of the stack that owns canary, newest first. */
  readonly history: readonly Release[];
  /** The id of the release that canary runs completely, by the state of its stack. */
  readonly canaryRuns: string | undefined;
  /** Whether stable ever ran completely, by the state of its stack. */
  readonly stableHasHistory: boolean;
}

/** The schema of a stored release. It checks that the id is the hash of the content. */
export const storedRelease = v.pipe(
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
const stackStates = mapOf(
  v.object({
    cluster: v.string(),
    owner: v.optional(v.string()),
    current: mapOf(v.string(), v.picklist(tracks, "must be stable or canary")),
    previous: v.optional(v.string()),
    shift: v.optional(v.object({ weight: v.number(), from: v.number(), to: v.number() })),
    verdict: v.optional(v.object({ release: v.string(), hours: v.union([v.number(), v.literal("assumed")]) })),
    adopted: v.optional(v.boolean()),
    history: v.array(storedRelease),
  }),
);

/**
 * Reads the output `releases` of this stack and, if another stack owns canary, of that one too.
 *
 * @throws UserError if this stack runs the service on another cluster, or if it follows canary and canary has no release yet
 */
export async function readStackStates(service: string, args: ServiceArgs, live: Live): Promise<StackStates> {
  const key = stackStateKey(args.namespace, service);
  const owned = tracksOf(args);
  const own = await ownStackState(key);
  assertSameCluster(service, own, live.cluster);
  if (owned.includes("canary")) {
    return {
      own,
      history: own?.history ?? [],
      canaryRuns: own?.current.canary,
      stableHasHistory: own?.current.stable !== undefined,
    };
  }
  const stableHasHistory = own !== undefined;
  // An adopted service runs already, so it does not need canary's release.
  if (!own && isAdopted(live.deployments.stable)) {
    return { own, history: [], canaryRuns: undefined, stableHasHistory };
  }
  const { canaryStack = defaults.canaryStack } = args;
  // A reference to a stack that does not exist ends the program with an error that cannot be caught (pulumi #19202).
  const hasRun = live.deployments.canary !== undefined || live.front.service !== undefined;
  const canary = hasRun ? (await read(sibling(canaryStack)))?.[key] : undefined;
  if (canary) return { own, history: canary.history, canaryRuns: canary.current.canary, stableHasHistory };
  if (own && args.release !== undefined && args.release !== "next")
    return { own, history: own.history, canaryRuns: undefined, stableHasHistory };
  throw new UserError(
    `${service} has no release in stack ${canaryStack}, and ${pulumi.getStack()} runs only releases that canary has run: run pulumi up --stack ${canaryStack} first.`,
  );
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

/** This stack's state of a service. @param key the service's key in the stack state */
export async function ownStackState(key: string): Promise<StackState | undefined> {
  return (await read(ownStack()))?.[key];
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

/**
 * Fails this run at the end of the program if it has not exported the state of a service, because the next `up` would not know this one.
 * In a preview nothing has been changed by then, and `pulumi up` continues only after a successful preview.
 */
export function expectExported(service: string, key: string): void {
  const check = ({ releases }: { releases?: unknown } = {}) => {
    if (typeof releases === "object" && releases !== null && key in releases) return;
    throw new UserError(
      `${service}: the program does not export the state that the next up needs: add export const releases = { [service.key]: service.stackState }, as in README.`,
    );
  };
  const outputs: { apply(check: (outputs?: object) => void, withUnknowns: boolean): unknown } | undefined =
    pulumi.runtime.getStackResource()?.outputs;
  // In a preview the exported values are often unknown, but their keys are known (SDK: output.ts, runWithUnknowns).
  outputs?.apply(check, true);
}

/** The full name of this stack. */
export function ownStack(): string {
  return sibling(pulumi.getStack());
}

function sibling(stack: string): string {
  return stack.includes("/") ? stack : `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
}

const references = perDeployment(() => new Map<string, pulumi.StackReference>());

function referenceTo(stack: string): pulumi.StackReference {
  const reference = references().get(stack) ?? new pulumi.StackReference(stack);
  references().set(stack, reference);
  return reference;
}

/** Requests this stack's outputs, so that they arrive while the cluster is read. */
export function requestOwnStack(): void {
  referenceTo(ownStack());
}

async function read(stack: string): Promise<Record<string, StackState> | undefined> {
  const { value } = await referenceTo(stack).getOutputDetails("releases");
  if (value === undefined) return undefined;
  try {
    return understand(stackStates, value) as Record<string, StackState>;
  } catch (error) {
    throw new UserError(
      `The output releases of stack ${stack} cannot be understood (${(error as Error).message}): restore it from an earlier state, or have the program export releases = { [service.key]: service.stackState }.`,
    );
  }
}

// Requested as early as possible, while the program is imported and has registered nothing. A file backend may read a state while it is
// written, and then finds it incomplete (pulumi 3.259: "failed to load checkpoint: EOF").
if (pulumi.runtime.hasMonitor()) requestOwnStack();
