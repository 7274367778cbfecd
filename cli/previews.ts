import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PulumiFailure, preview } from "../rollout/pulumi/pulumi.ts";
import { previewStack, type StackPreview } from "./changes.ts";
import type { Owners } from "./owners.ts";

/**
 * Goes through the stacks of a service as they are updated, canary's first, with an environment in which stable's is about the
 * release that canary would run.
 */
async function inTurn<T>(
  { stacks: { canary, stable } }: Owners,
  look: (stack: string, env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T[]> {
  const folder = mkdtempSync(join(tmpdir(), "gray-preview-"));
  const env = { GRAY_RENDERED: join(folder, "releases.json") };
  try {
    const found: T[] = [];
    for (const stack of new Set([canary, stable])) if (stack !== undefined) found.push(await look(stack, env));
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What an `up` of each stack would do. @param policyPack its folder. @default no policies besides the backend's */
export function previewStacks(owners: Owners, policyPack?: string): Promise<StackPreview[]> {
  return inTurn(owners, async (stack, env) => {
    const found = await previewStack(stack, owners.folder, env);
    if (policyPack === undefined || found.error !== undefined) return found;
    const error = await violation(owners, stack, policyPack, env);
    return error === undefined ? found : { ...found, error };
  });
}

/** @throws PulumiFailure unless the previews of all stacks pass the policies */
export async function assertPolicies(owners: Owners, policyPack: string): Promise<void> {
  const policies = resolve(policyPack);
  await inTurn(owners, (stack, env) => preview({ stack, folder: owners.folder, env, policies }));
}

/** Why a stack does not pass; the answer of `previewStack` is a digest, in which policies have nothing to say. */
async function violation(owners: Owners, stack: string, policyPack: string, env: Readonly<Record<string, string>>) {
  try {
    await preview({ stack, folder: owners.folder, env, policies: resolve(policyPack) });
    return undefined;
  } catch (error) {
    if (error instanceof PulumiFailure) return error.message.replace(/^pulumi preview --stack \S+ says: /, "");
    throw error;
  }
}
