/** Previews and policy checks of all stacks of a service, in the order of their updates. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../pulumi/temporary-folder.ts";
import { judge } from "./commands/judge.ts";
import { previewStack, type StackPreview } from "./output/changes.ts";
import type { Owners } from "./owners.ts";
import type { Judged } from "./policy-report/findings.ts";

/**
 * Visits the stacks of a service in the order in which they are updated, canary's first. The environment hands the release that
 * canary would run to the preview of stable.
 */
async function forEachStack<T>(
  { stacks: { canary, stable } }: Owners,
  visit: (stack: string, env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T[]> {
  const folder = mkdtempSync(join(temporaryFolder(), "gray-preview-"));
  const env = { GRAY_RENDERED: join(folder, "releases.json") };
  try {
    const found: T[] = [];
    for (const stack of new Set([canary, stable])) if (stack !== undefined) found.push(await visit(stack, env));
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Previews an `up` of each stack of a service. */
export function previewStacks(owners: Owners): Promise<StackPreview[]> {
  return forEachStack(owners, (stack, env) => previewStack(stack, owners.folder, env));
}

/** Runs a policy pack on the preview of each stack of a service. */
export function judgeStacks(owners: Owners, policyPack: string): Promise<Judged[]> {
  const { folder } = owners;
  return forEachStack(owners, (stack, env) => judge(stack, { policyPack, folder, env }));
}
