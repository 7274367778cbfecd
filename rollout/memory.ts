import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Memory, memoryKey } from "../components/history.ts";
import { Refusal } from "../components/refusal.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import type { Track } from "../components/traffic.ts";
import type { Live } from "./live.ts";

/** What the stacks remember of a service. */
export interface Memories {
  /** What this stack remembers; undefined before its first complete run. */
  readonly own: Memory | undefined;
  /** The kept releases, newest first, of the stack that owns canary. */
  readonly history: readonly Release[];
  /** What canary runs completely, by its stack. */
  readonly canaryRuns: string | undefined;
  /** Whether stable ever ran completely under its stack. */
  readonly prodHasHistory: boolean;
}

const memories = z.record(
  z.string(),
  z.object({
    cluster: z.string(),
    current: z.partialRecord(z.enum(["stable", "canary"] satisfies Track[]), z.string()),
    history: z.array(
      z.object({
        id: z.string(),
        template: z.unknown(),
        configMaps: z.record(z.string(), z.record(z.string(), z.string())),
      }),
    ),
  }),
);

/**
 * Reads the output `releases` of this stack and, where another one owns canary, of that one.
 *
 * @throws Refusal if canary has never been released, while this stack is to follow it
 */
export async function memoriesOf(service: string, args: ServiceArgs, live: Live): Promise<Memories> {
  const key = memoryKey(args.namespace, service);
  const owned = tracksOf(args);
  const own = (await read(ownStack()))?.[key];
  if (owned.includes("canary")) {
    return {
      own,
      history: own?.history ?? [],
      canaryRuns: own?.current.canary,
      prodHasHistory: own?.current.stable !== undefined,
    };
  }
  const prodHasHistory = own !== undefined;
  // A reference to a stack that does not exist ends the program with an error that cannot be caught (pulumi #19202).
  const canary = live.deployments.canary ? (await read(sibling(args.canaryStack ?? "canary")))?.[key] : undefined;
  if (canary) return { own, history: canary.history, canaryRuns: canary.current.canary, prodHasHistory };
  if (own && args.release !== undefined && args.release !== "next")
    return { own, history: own.history, canaryRuns: undefined, prodHasHistory };
  const stack = args.canaryStack ?? "canary";
  throw new Refusal(
    `${service} has no release in stack ${stack}, and ${pulumi.getStack()} runs what canary has run: run pulumi up --stack ${stack} first.`,
  );
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

async function read(stack: string): Promise<Record<string, Memory> | undefined> {
  const { value } = await referenceTo(stack).getOutputDetails("releases");
  if (value === undefined) return undefined;
  const parsed = memories.safeParse(value);
  if (parsed.success) return parsed.data as Record<string, Memory>;
  throw new Refusal(
    `The output releases of stack ${stack} cannot be understood (${z.prettifyError(parsed.error).replaceAll("\n", " ")}): restore it from a former state, or export fopGate.memory under its key.`,
  );
}
