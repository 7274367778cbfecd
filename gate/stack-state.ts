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

/** What the stacks remember of a service. */
export interface StackStates {
  /** What this stack remembers; undefined before its first complete run. */
  readonly own: StackState | undefined;
  /** The kept releases, newest first, of the stack that owns canary. */
  readonly history: readonly Release[];
  /** What canary runs completely, by its stack. */
  readonly canaryRuns: string | undefined;
  /** Whether stable ever ran completely under its stack. */
  readonly stableHasHistory: boolean;
}

/** A release whose content is what its id says: it was hashed when it was rendered, and is again when it is read. */
export const keptRelease = v.pipe(
  v.object({
    id: v.string(),
    template: plainObject<PodTemplate>(),
    configMaps: plainObject<Release["configMaps"]>(),
  }),
  v.check(
    ({ id, template, configMaps }) => releaseId(template, configMaps) === id,
    ({ input }) => `the content of release ${input.id} is not what its id says`,
  ),
);
const stackStates = mapOf(
  v.object({
    cluster: v.string(),
    owner: v.optional(v.string()),
    current: mapOf(v.string(), v.picklist(tracks, "must be stable or canary")),
    previous: v.optional(v.string()),
    shift: v.optional(v.object({ weight: v.number(), from: v.number(), to: v.number() })),
    verdict: v.optional(v.object({ release: v.string(), hours: v.union([v.number(), v.literal("supposed")]) })),
    adopted: v.optional(v.boolean()),
    history: v.array(keptRelease),
  }),
);

/**
 * Reads the output `releases` of this stack and, where another one owns canary, of that one.
 *
 * @throws Refusal if this stack remembers another cluster, or canary has never been released, while this stack is to follow it
 */
export async function memoriesOf(service: string, args: ServiceArgs, live: Live): Promise<StackStates> {
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
  // What is taken in runs already, whatever canary does.
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
    `${service} has no release in stack ${canaryStack}, and ${pulumi.getStack()} runs what canary has run: run pulumi up --stack ${canaryStack} first.`,
  );
}

/** @throws Refusal if this stack runs the service on another cluster */
export function assertSameCluster(
  service: string,
  own: Pick<StackState, "cluster"> | undefined,
  cluster: string,
): void {
  if (own === undefined || own.cluster === cluster) return;
  throw new UserError(
    `Stack ${pulumi.getStack()} runs ${service} on the cluster with UID ${own.cluster} and this one is ${cluster}: choose the right cluster with KUBECONFIG or kubernetes:context, or begin a new stack for this one.`,
  );
}

/** What this stack remembers of a service. @param key as of its memory */
export async function ownStackState(key: string): Promise<StackState | undefined> {
  return (await read(ownStack()))?.[key];
}

/**
 * What a track ran completely, the newest first, by the record and the stack's own memory. Where there is no readable
 * record, what stable ran before counts too: then nothing else knows the way back.
 */
export function ran(track: Track, record: RecordReading, own: StackState | undefined): readonly string[] {
  const byRecord = track === "stable" ? stableReleases(record).slice(0, 1) : [];
  const before = track === "stable" && record.kind !== "read" ? own?.previous : undefined;
  return [...byRecord, own?.current[track], before].filter((id) => id !== undefined);
}

/**
 * Ends this run with a refusal once the program is through, if it has not exported the memory of a service: the next `up` would
 * know nothing of this one. In preview nothing has been changed by then, and `pulumi up` goes on only after a good preview.
 */
export function expectExported(service: string, key: string): void {
  const check = ({ releases }: { releases?: unknown } = {}) => {
    if (typeof releases === "object" && releases !== null && key in releases) return;
    throw new UserError(
      `${service}: the program does not export what the next up has to know: add export const releases = { [service.key]: service.stackState }, as in README.`,
    );
  };
  const outputs: { apply(check: (outputs?: object) => void, withUnknowns: boolean): unknown } | undefined =
    pulumi.runtime.getStackResource()?.outputs;
  // In preview what is exported is seldom known, but under which keys is (SDK: output.ts, runWithUnknowns).
  outputs?.apply(check, true);
}

/** The full name of this stack. */
export function ownStack(): string {
  return sibling(pulumi.getStack());
}

function sibling(stack: string): string {
  return stack.includes("/") ? stack : `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
}

const references = new Map<string, pulumi.StackReference>();

function referenceTo(stack: string): pulumi.StackReference {
  const reference = references.get(stack) ?? new pulumi.StackReference(stack);
  references.set(stack, reference);
  return reference;
}

/** Asks for this stack's outputs, so that they are on their way while the cluster is looked at. */
export function askOwnStack(): void {
  referenceTo(ownStack());
}

async function read(stack: string): Promise<Record<string, StackState> | undefined> {
  const { value } = await referenceTo(stack).getOutputDetails("releases");
  if (value === undefined) return undefined;
  try {
    return understand(stackStates, value) as Record<string, StackState>;
  } catch (error) {
    throw new UserError(
      `The output releases of stack ${stack} cannot be understood (${(error as Error).message}): restore it from a former state, or export fopGate.stackState under its key.`,
    );
  }
}

// While a program is imported it has registered nothing yet. A backend of files reads a state while it is written, and then finds it
// cut off (pulumi 3.259: "failed to load checkpoint: EOF"), so the own state is asked for as early as can be.
if (pulumi.runtime.hasMonitor()) askOwnStack();
